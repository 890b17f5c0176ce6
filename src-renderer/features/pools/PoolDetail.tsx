import type { Machine, Pool } from '@shared/pool';
import { Check, Ellipsis, FileDown, Layers, Pause, Pencil, Play, RefreshCw, Trash2, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { call, messageOf } from '../../lib/api';
import { useCapacity, useMachines, usePools, useSessions } from '../../lib/queries';
import { useNow } from '../../lib/useNow';
import { Button, IconButton } from '../../ui/Button';
import { Chip } from '../../ui/Chip';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { ErrorLine } from '../../ui/ErrorLine';
import { Menu, MenuItem } from '../../ui/Menu';
import { Spinner } from '../../ui/Spinner';
import { HomesCard } from '../homes/HomesCard';
import { CapacityDialog } from './CapacityDialog';
import { shareWords } from './capacityModel';
import { MachineTable } from './MachineTable';
import { conditionsToShow, conditionTitle, conditionTone, configRows, machineTotal } from './model';
import css from './PoolDetail.module.css';
import { PoolDialog } from './PoolDialog';
import { backendNames, toneIcons, toneRoles } from './tones';
import { UsageTable } from './UsageTable';

export function PoolDetail({
  pool,
  machine,
}: {
  pool: Pool;
  /** The one that is looked at. */ machine: string | null;
}) {
  const machines = useMachines(pool.id);
  const names =
    usePools()
      .data?.filter((each) => each.id !== pool.id)
      .map((each) => each.displayName) ?? [];
  const [, go] = useLocation();
  const [editing, setEditing] = useState(false);
  const [limiting, setLimiting] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const counts = pool.observed.machines;
  const failed = machines.data?.find((each) => each.state === 'quarantined');
  const capacity = useCapacity().data;
  const share = shareWords(capacity, pool.id);
  const pause = async () => {
    setFailure(null);
    try {
      await call('pools.update', { id: pool.id, patch: { paused: !pool.paused } });
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  const exportIt = async () => {
    setFailure(null);
    try {
      await call('pools.export', { id: pool.id });
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <div className={css.detail}>
      <header className={css.head}>
        <h2 className="clip">{pool.displayName}</h2>
        <Chip who="nobody" icon={<Layers />}>
          {backendNames[pool.backend]}
        </Chip>
        {pool.paused && (
          <Chip who="nobody" icon={<Pause />}>
            Paused
          </Chip>
        )}
        <div className={css.actions}>
          <Button icon={<Pencil size={16} />} onClick={() => setEditing(true)}>
            Edit…
          </Button>
          <Button icon={pool.paused ? <Play size={16} /> : <Pause size={16} />} onClick={() => void pause()}>
            {pool.paused ? 'Go on' : 'Pause'}
          </Button>
          <Menu
            label="More"
            trigger={
              <IconButton kind="plain" label="More">
                <Ellipsis size={16} />
              </IconButton>
            }
          >
            <MenuItem icon={<FileDown size={16} />} onSelect={() => void exportIt()}>
              Export…
            </MenuItem>
            <MenuItem danger icon={<Trash2 size={16} />} onSelect={() => setDeleting(true)}>
              Delete {pool.displayName}…
            </MenuItem>
          </Menu>
        </div>
      </header>
      {pool.description && <p className={css.description}>{pool.description}</p>}
      {failure && <ErrorLine>{failure}</ErrorLine>}

      <section className={css.card} aria-label="Machines">
        <h3>
          Machines
          <span className="tnum">
            {machineTotal(counts)} of at most {pool.warm.maximum}
            {share && `, ${share}`}
          </span>
        </h3>
        <ul className={css.squares}>
          <Squares n={counts.leased} word="leased" who="agent" />
          <Squares n={counts.ready} word="ready" who="fine" />
          <Squares n={counts.creating + counts.starting} word="starting" who="nobody" hollow />
          <Squares n={counts.resetting} word="resetting" who="nobody" />
          <Squares n={counts.quarantined} word="quarantined" who="trouble" />
        </ul>
      </section>

      <div className={css.pair}>
        <section className={css.card} aria-label="Configuration">
          <Configuration pool={pool} machines={machines.data} />
        </section>
        <section className={css.card} aria-label="Conditions">
          <h3>Conditions</h3>
          <ul className={css.conditions}>
            {conditionsToShow(pool.observed.conditions).map((condition) => {
              const tone = conditionTone(condition);
              return (
                <li key={condition.type} data-role={toneRoles[tone]}>
                  {toneIcons[tone]}
                  <div>
                    <b>{conditionTitle(condition)}</b>
                    <p>{condition.message}</p>
                    {condition.reason === 'MachineQuarantined' && failed && (
                      <Button size="row" onClick={() => go(`/pools/${pool.id}/${failed.machineId}`)}>
                        Look at it…
                      </Button>
                    )}
                    {condition.reason === 'HostAtCapacity' && capacity && (
                      <Button size="row" onClick={() => setLimiting(true)}>
                        Limits…
                      </Button>
                    )}
                    {condition.reason === 'CreateFailed' && <TryAgain poolId={pool.id} />}
                  </div>
                </li>
              );
            })}
            {pool.observed.conditions.length === 0 && <li className={css.dim}>Nothing is known yet.</li>}
          </ul>
        </section>
      </div>

      <MachineTable
        machines={machines.data}
        error={machines.error}
        looking={machine}
        onLook={(id) => go(id === null ? `/pools/${pool.id}` : `/pools/${pool.id}/${id}`)}
        onRetry={() => void machines.refetch()}
      />
      <HomesCard pool={pool} />
      <UsageTable poolId={pool.id} />

      {editing && <PoolDialog pool={pool} names={names} onClose={() => setEditing(false)} onSaved={() => undefined} />}
      {limiting && capacity && <CapacityDialog capacity={capacity} onClose={() => setLimiting(false)} />}
      <ConfirmDialog
        open={deleting}
        onClose={() => setDeleting(false)}
        title={`Delete ${pool.displayName}?`}
        confirm={`Delete ${pool.displayName}`}
        onConfirm={async () => {
          await call('pools.delete', { id: pool.id, force: counts.leased > 0 });
          go('/pools');
        }}
      >
        <p>
          {counts.leased > 0
            ? `${counts.leased} ${counts.leased === 1 ? 'session ends' : 'sessions end'} and what is open on ${counts.leased === 1 ? 'its desktop' : 'their desktops'} is gone. `
            : 'No session is on it. '}
          Its machines are destroyed. Timelines stay. This can’t be undone.
        </p>
      </ConfirmDialog>
    </div>
  );
}

/** Failures make a pool wait longer and longer; a person who mended the cause need not wait. */
function TryAgain({ poolId }: { poolId: string }) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const retry = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await call('pools.retry', { id: poolId });
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <Button size="row" disabled={busy} icon={busy ? <Spinner size={14} /> : undefined} onClick={() => void retry()}>
        Try again now
      </Button>
      {failure && <ErrorLine>{failure}</ErrorLine>}
    </>
  );
}

function Squares({
  n,
  word,
  who,
  hollow,
}: {
  n: number;
  word: string;
  who: 'agent' | 'fine' | 'nobody' | 'trouble';
  hollow?: boolean;
}) {
  if (n === 0 && word !== 'leased' && word !== 'ready') return null;
  return (
    <li data-role={who} data-hollow={hollow || undefined}>
      <span className={css.boxes} aria-hidden>
        {Array.from({ length: Math.min(n, 24) }, (_, index) => (
          <span key={index} />
        ))}
      </span>
      <span>
        <b className="tnum">{n}</b> {word}
      </span>
    </li>
  );
}

function Configuration({ pool, machines }: { pool: Pool; machines: readonly Machine[] | undefined }) {
  const now = useNow();
  const sessions = useSessions().data?.filter((session) => session.poolId === pool.id) ?? [];
  return (
    <table className={css.config}>
      <thead>
        <tr>
          <th scope="col">
            <h3>Configuration</h3>
          </th>
          <th scope="col">Desired</th>
          <th scope="col">Observed</th>
          <th scope="col">
            <span className="srOnly">Verdict</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {configRows(pool, machines, sessions, now).map((row) => (
          <tr key={row.name}>
            <th scope="row">{row.name}</th>
            <td>{row.desired}</td>
            <td>{row.observed}</td>
            <td>
              {row.verdict && (
                <span
                  className={css.verdict}
                  data-role={row.verdict === 'as desired' ? 'fine' : row.verdict === 'catching up' ? 'you' : 'trouble'}
                >
                  {row.verdict === 'as desired' ? (
                    <Check size={16} />
                  ) : row.verdict === 'catching up' ? (
                    <RefreshCw size={14} />
                  ) : (
                    <TriangleAlert size={14} />
                  )}
                  <span>{row.verdict}</span>
                </span>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
