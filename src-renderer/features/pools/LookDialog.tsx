import type { MachineLook } from '@shared/machineLook';
import type { Machine } from '@shared/pool';
import { Clock, ImageOff, Trash2, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, messageOf, toApiError } from '../../lib/api';
import { timeOfDay, timeWithSeconds } from '../../lib/clock';
import { frameUrl } from '../../lib/pictures';
import { keys, queryClient, useLook, useSessions } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { capital, gigabytes } from '../../lib/words';
import { Button } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { Dialog } from '../../ui/Dialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { Notice } from '../../ui/Notice';
import { Tail } from '../../ui/Tail';
import { plainLine } from '../session/machineModel';
import css from './LookDialog.module.css';
import { cannotRun, keptWords, troubleWords } from './lookModel';
import { LookTerminal } from './LookTerminal';
import { inState, machineRoles, shortImage } from './model';

/** A closer look at one machine, above all at one that failed: what is wrong, its last picture, its console, a terminal. */
export function LookDialog({
  machineId,
  onClose,
  onDestroy,
}: {
  machineId: string;
  onClose(): void;
  onDestroy(machine: Machine): void;
}) {
  const look = useLook(machineId);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const gone = look.error !== null && toApiError(look.error).code === 'not_found';
  const found = gone ? undefined : look.data;
  const bad = found?.machine.state === 'quarantined';
  const keep = async () => {
    setBusy(true);
    setFailure(null);
    try {
      const machine = await call('machines.keep', { machineId });
      queryClient.setQueryData<MachineLook>(keys.look(machineId), (old) => old && { ...old, machine });
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      width={bad ? 1040 : 880}
      title={machineId}
      footer={
        <>
          {found && (
            <Button
              kind="danger"
              className={css.destroy}
              icon={<Trash2 size={16} />}
              onClick={() => onDestroy(found.machine)}
            >
              Destroy…
            </Button>
          )}
          {bad && (
            <Button icon={<Clock size={16} />} disabled={busy} onClick={() => void keep()}>
              Keep for an hour
            </Button>
          )}
          <Button onClick={onClose}>Close</Button>
        </>
      }
    >
      {gone ? (
        <Notice icon={<TriangleAlert />} title="This machine is gone">
          It was destroyed, or its place was needed. What its sessions did stays in their timelines.
        </Notice>
      ) : look.error && !found ? (
        <Notice
          icon={<TriangleAlert />}
          tone="trouble"
          title="The machine can't be looked at"
          actions={<Button onClick={() => void look.refetch()}>Try again</Button>}
        >
          {messageOf(look.error)}
        </Notice>
      ) : (
        found && <Seen look={found} />
      )}
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </Dialog>
  );
}

function Seen({ look }: { look: MachineLook }) {
  const { machine } = look;
  const bad = machine.state === 'quarantined';
  return (
    <div className={css.look}>
      <div className={css.left}>
        <What machine={machine} />
        <Picture look={look} />
        <Facts look={look} />
      </div>
      <div className={css.right}>
        <section aria-label="Console">
          <h3>Console</h3>
          {look.console.length > 0 ? (
            <Tail lines={look.console.map(plainLine)} label="Its last console lines" className={css.text} />
          ) : (
            <p className={css.barred}>{look.consoleError ?? 'Nothing was written to it.'}</p>
          )}
        </section>
        {bad && <LookTerminal machineId={machine.machineId} barred={cannotRun(look)} />}
      </div>
    </div>
  );
}

/** What is wrong, first of all. */
function What({ machine }: { machine: Machine }) {
  const bad = machine.state === 'quarantined';
  const trouble = machine.trouble ? troubleWords[machine.trouble] : null;
  if (!bad && !trouble)
    return (
      <p className={css.what}>
        <Chip who={machineRoles[machine.state]} icon={null}>
          {capital(machine.state)}
        </Chip>
        {machine.reason}
      </p>
    );
  return (
    <div className={css.wrong} data-role="trouble">
      <TriangleAlert size={16} aria-hidden />
      <div>
        <b>{trouble?.word ?? 'Quarantined'}</b>
        <p>{machine.reason ?? trouble?.means}</p>
      </div>
    </div>
  );
}

function Picture({ look: { frame, frameAt } }: { look: MachineLook }) {
  return (
    <figure className={css.picture}>
      {frame ? (
        <img src={frameUrl(frame)} alt="The desktop as it was last seen" />
      ) : (
        <span className={css.none}>
          <ImageOff size={20} aria-hidden /> No picture is on record
        </span>
      )}
      {frame && frameAt && <figcaption className="tnum">Last picture, {timeWithSeconds(frameAt)}</figcaption>}
    </figure>
  );
}

function Facts({ look: { machine, state, lastSessionId } }: { look: MachineLook }) {
  const now = useNow();
  const session = useSessions().data?.find((each) => each.sessionId === lastSessionId);
  const kept = keptWords(machine, now);
  return (
    <dl className={css.facts}>
      <div>
        <dt>Its backend says</dt>
        <dd>{state ?? 'It is not there'}</dd>
      </div>
      <div>
        <dt>{capital(machine.state)}</dt>
        <dd className="tnum">
          since {timeOfDay(machine.since)}, {inState(machine, now)}
        </dd>
      </div>
      {machine.state === 'quarantined' && (
        <div>
          <dt>Kept</dt>
          <dd className="tnum">{kept ? capital(kept.replace(/^kept /, '')) : 'Until its place is needed'}</dd>
        </div>
      )}
      <div>
        <dt>{machine.sessionId ? 'Session' : 'Last session'}</dt>
        <dd>
          {lastSessionId ? (
            <Link href={`/session/${lastSessionId}`}>{session?.name ?? lastSessionId}</Link>
          ) : (
            'None had it'
          )}
        </dd>
      </div>
      <div>
        <dt>Image</dt>
        <dd>{shortImage(machine.image)}</dd>
      </div>
      {machine.memoryBytes !== null && (
        <div>
          <dt>Memory</dt>
          <dd className="tnum">{gigabytes(machine.memoryBytes)}</dd>
        </div>
      )}
    </dl>
  );
}
