import type { TokenProgress } from '@shared/ipc';
import { useQuery } from '@tanstack/react-query';
import { Check } from 'lucide-react';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { clock } from '../../lib/clock';
import { keys } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { Button } from '../../ui/Button';
import { ErrorLine } from '../../ui/ErrorLine';
import { Spinner } from '../../ui/Spinner';
import css from './FirstCall.module.css';

/** The first-call light: three steps, lit as they happen. */
export function FirstCall({ tokenId, since }: { tokenId: string; since: string }) {
  const progress = useQuery({
    queryKey: keys.tokenProgress(tokenId),
    queryFn: () => call('tokens.progress', { tokenId }),
  }).data;
  const [test, setTest] = useState<
    { kind: 'none' } | { kind: 'busy' } | { kind: 'done'; text: string } | { kind: 'failed'; text: string }
  >({ kind: 'none' });
  const run = async () => {
    setTest({ kind: 'busy' });
    try {
      const { tool, ms } = await call('tokens.test', { tokenId });
      setTest({ kind: 'done', text: `${tool} answered in ${Math.round(ms)} ms` });
    } catch (error) {
      setTest({ kind: 'failed', text: messageOf(error) });
    }
  };
  return (
    <>
      <Light progress={progress} since={since}>
        {test.kind === 'done' && <span className={css.said}>{test.text}</span>}
        <Button
          size="row"
          disabled={test.kind === 'busy'}
          icon={test.kind === 'busy' ? <Spinner size={14} /> : undefined}
          onClick={() => void run()}
        >
          Send a test call
        </Button>
      </Light>
      {test.kind === 'failed' && <ErrorLine>{test.text}</ErrorLine>}
    </>
  );
}

export function Light({
  progress,
  since,
  children,
}: {
  progress: TokenProgress | undefined;
  since: string;
  children?: React.ReactNode;
}) {
  const now = useNow();
  const first = progress?.firstToolAt ?? null;
  const steps: [string, string | null][] = [
    ['Reached the broker', progress?.reachedAt ?? null],
    ['Token accepted', progress?.acceptedAt ?? null],
    ['First tool call', first],
  ];
  return (
    <div className={css.light} role="group" aria-label="First call" data-role={first ? 'fine' : 'you'}>
      <span className={css.lamp} data-lit={first ? true : undefined} aria-hidden />
      <div className={css.title} role="status">
        <b>{first ? `First call: ${progress?.firstTool ?? 'a tool'}` : 'Waiting for the first call'}</b>
        <span className="tnum" aria-hidden={!first || undefined}>
          {first ? (progress?.client ?? '') : clock(now - Date.parse(since))}
        </span>
      </div>
      {children}
      <ul>
        {steps.map(([name, at]) => (
          <li key={name} data-done={at ? true : undefined}>
            {at ? <Check size={14} aria-label="Done" /> : <span className={css.dot} aria-label="Not yet" role="img" />}
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}
