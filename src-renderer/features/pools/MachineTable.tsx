import type { Machine } from '@shared/pool';
import { Bot, Check, CircleDashed, Trash2, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { useSessions } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { gigabytes } from '../../lib/words';
import { Button, IconButton } from '../../ui/Button';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Notice } from '../../ui/Notice';
import { Spinner } from '../../ui/Spinner';
import { LookDialog } from './LookDialog';
import { machineNote, stateWords } from './lookModel';
import css from './MachineTable.module.css';
import { inState, machineRole, shortImage } from './model';

export function MachineTable({
  machines,
  error,
  looking,
  onLook,
  onRetry,
}: {
  machines: readonly Machine[] | undefined;
  error: unknown;
  /** The machine that is looked at closer. */
  looking: string | null;
  onLook(machineId: string | null): void;
  onRetry(): void;
}) {
  const sessions = useSessions().data ?? [];
  const now = useNow();
  const [chosen, setChosen] = useState<Machine | null>(null);
  // As it is now: it may have been leased since the row was clicked.
  const destroying = machines?.find((machine) => machine.machineId === chosen?.machineId) ?? chosen;
  if (error) {
    return (
      <Notice
        icon={<TriangleAlert />}
        tone="trouble"
        title="The machines can't be listed"
        actions={<Button onClick={onRetry}>Try again</Button>}
      >
        {messageOf(error)}
      </Notice>
    );
  }
  return (
    <section className={css.card} aria-label="All machines">
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">State</th>
            <th scope="col">Session</th>
            <th scope="col">Image</th>
            <th scope="col">CPU</th>
            <th scope="col">Memory</th>
            <th scope="col">In this state</th>
            <th scope="col">
              <span className="srOnly">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {/* In the order they were made: a row that moves as its state changes slips away under the pointer. */}
          {(machines ?? []).map((machine) => {
            const session = sessions.find((each) => each.sessionId === machine.sessionId);
            return (
              <tr key={machine.machineId}>
                <th scope="row" className="clip" title={machine.machineId}>
                  {machine.machineId}
                </th>
                <td>
                  <span className={css.state} data-role={machineRole(machine)}>
                    {machine.trouble ? <TriangleAlert size={16} aria-hidden /> : stateIcon(machine.state)}
                    <span className="clip" title={machine.reason ?? undefined}>
                      {stateWords(machine)}
                    </span>
                  </span>
                </td>
                <td className="clip" title={session ? session.name : (machine.reason ?? undefined)}>
                  {session ? (
                    <Link href={`/session/${session.sessionId}`}>{session.name}</Link>
                  ) : (
                    machineNote(machine, now)
                  )}
                </td>
                <td className="clip" title={machine.image}>
                  {shortImage(machine.image)}
                </td>
                <td className="tnum">{machine.cpuPercent === null ? '' : `${Math.round(machine.cpuPercent)} %`}</td>
                <td className="tnum">{machine.memoryBytes === null ? '' : gigabytes(machine.memoryBytes)}</td>
                <td className="tnum">{inState(machine, now)}</td>
                <td>
                  <Button
                    kind={machine.state === 'quarantined' ? 'plain' : 'quiet'}
                    size="row"
                    onClick={() => onLook(machine.machineId)}
                    aria-label={`Look at ${machine.machineId}…`}
                  >
                    Look…
                  </Button>
                  <IconButton size="row" label={`Destroy ${machine.machineId}…`} onClick={() => setChosen(machine)}>
                    <Trash2 size={14} />
                  </IconButton>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {machines?.length === 0 && <p className={css.none}>No machine is there now.</p>}
      {looking !== null && destroying === null && (
        <LookDialog machineId={looking} onClose={() => onLook(null)} onDestroy={setChosen} />
      )}
      <ConfirmDialog
        open={destroying !== null}
        onClose={() => setChosen(null)}
        title={`Destroy ${destroying?.machineId ?? ''}?`}
        confirm={`Destroy ${destroying?.machineId ?? ''}`}
        onConfirm={async () => {
          if (destroying) await destroy(destroying);
          if (destroying?.machineId === looking) onLook(null);
        }}
      >
        <p>
          {destroying?.sessionId
            ? 'The session on it ends, and what is open on its desktop is gone. '
            : 'No session is on it. '}
          The pool makes another one if it needs it.
        </p>
      </ConfirmDialog>
    </section>
  );
}

/** A leased machine goes with its session: the broker ends neither behind the other's back. */
function destroy({ machineId, sessionId }: Machine): Promise<null> {
  return sessionId ? call('sessions.release', { sessionId }) : call('pools.destroyMachine', { machineId });
}

function stateIcon(state: Machine['state']) {
  switch (state) {
    case 'quarantined':
      return <TriangleAlert size={16} aria-hidden />;
    case 'ready':
      return <Check size={16} aria-hidden />;
    case 'leased':
      return <Bot size={16} aria-hidden />;
    case 'gone':
      return <CircleDashed size={16} aria-hidden />;
    default:
      return <Spinner />;
  }
}
