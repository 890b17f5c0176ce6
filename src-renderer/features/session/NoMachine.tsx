import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { Moon, Play } from 'lucide-react';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import css from './NoMachine.module.css';
import { expiryWords, isResuming, isSuspended, queueWords, savedWhole, suspendedSince } from './lifeModel';
import type { Suspension } from './useSuspension';

/** Over the last picture of a session that has no machine now: why, what is safe, and the way on. */
export function NoMachine({
  session,
  pool,
  suspension,
  now,
}: {
  session: Session;
  pool: Pool | undefined;
  suspension: Suspension;
  now: number;
}) {
  const whole = savedWhole(pool);
  const resuming = isResuming(session) || suspension.busy === 'resuming';
  if (resuming)
    return (
      <div className={css.over} role="status">
        <Notice icon={<Spinner size={20} />} title="Resuming">
          {whole ? 'Its machine is put back as it was.' : 'Another machine is made and gets its home.'} The screen comes
          back by itself; the agent’s calls wait for it.
        </Notice>
      </div>
    );
  if (!isSuspended(session))
    return (
      <div className={css.over} role="status">
        <Notice icon={<Spinner size={20} />} title={queueWords(session) || 'Waiting for a free machine'}>
          {session.status === 'queued'
            ? 'It starts by itself as soon as a machine of its pool is free.'
            : 'Its machine is being handed out. The screen comes by itself.'}
        </Notice>
      </div>
    );
  const expires = expiryWords(session, now);
  return (
    <div className={css.over}>
      <Notice
        icon={<Moon />}
        title={`Suspended since ${suspendedSince(session, now)}`}
        actions={
          <Button kind="primary" size="bar" icon={<Play size={18} />} onClick={() => void suspension.resume()}>
            Resume
          </Button>
        }
      >
        {whole
          ? 'Its machine was saved whole: open programs go on where they were.'
          : 'Its machine went back, the files under its home stay.'}{' '}
        The agent’s next call resumes it as well.
        {expires && ` Unused, it expires ${expires}.`}
      </Notice>
      {suspension.failure && (
        <div className={css.failure}>
          <ErrorLine>It was not resumed. {suspension.failure}</ErrorLine>
        </div>
      )}
    </div>
  );
}
