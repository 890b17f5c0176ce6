import type { Bus } from '../base/bus';
import { idledOut } from '../broker/words';
import type { Counter, Registry } from './registry';

const restores: ReadonlySet<string> = new Set(['checkpoint.restore', 'checkpoint_restore']);
const mostRemembered = 1000;

/**
 * Counts what the bus tells of machines, sessions and checkpoints. What it tells is how things are, not what happened,
 * and it may say it more than once; so the step is counted at which something is first as it is. Returns the end.
 */
export function followBus(bus: Bus, registry: Registry): () => void {
  const resets = registry.counter('wheelhouse_machine_resets_total', 'Machines that were given back and thrown away.');
  const quarantines = registry.counter('wheelhouse_machine_quarantines_total', 'Machines that were set aside.');
  const ended = registry.counter('wheelhouse_sessions_ended_total', 'Sessions that ended, by how.');
  const evicted = registry.counter(
    'wheelhouse_session_evictions_total',
    'Sessions ended because nothing happened in them.',
  );
  const suspended = registry.counter(
    'wheelhouse_session_suspensions_total',
    'Sessions that gave their machine back and kept their home.',
  );
  const saved = registry.counter('wheelhouse_checkpoints_saved_total', 'Checkpoints that were made.');
  const failed = registry.counter('wheelhouse_checkpoints_failed_total', 'Checkpoints that could not be made.');
  const restored = registry.counter('wheelhouse_checkpoints_restored_total', 'Machines put back to a checkpoint.');
  for (const counter of [saved, failed, restored]) counter.inc({}, 0);

  const steps = new Steps();
  const first = (kind: string, id: string, state: string, counter: Counter, labels = {}): void => {
    if (steps.isNew(`${kind} ${id}`, state)) counter.inc(labels);
  };
  return bus.on((event) => {
    switch (event.event) {
      case 'machine': {
        const { machineId, poolId: pool, state } = event.data;
        if (state === 'resetting') first('machine', machineId, state, resets, { pool });
        else if (state === 'quarantined') first('machine', machineId, state, quarantines, { pool });
        return;
      }
      case 'session': {
        const { sessionId, poolId: pool, status, reason, machineId, suspendedAt } = event.data;
        // On its way back and back again is one suspension.
        if (status === 'active' || status === 'idle') {
          const known = steps.has(`session ${sessionId}`);
          const isNew = steps.isNew(`session ${sessionId}`, status);
          if (known && isNew && status === 'idle') suspended.inc({ pool });
          return;
        }
        // One that only waited in the queue never was a session.
        if (
          (machineId === null && !suspendedAt) ||
          (status !== 'released' && status !== 'failed' && status !== 'expired')
        )
          return;
        if (!steps.isNew(`session ${sessionId}`, status)) return;
        ended.inc({ pool, status });
        if (status === 'expired' || (status === 'released' && reason?.startsWith(idledOut))) evicted.inc({ pool });
        return;
      }
      case 'checkpoint': {
        const { checkpointId, state } = event.data;
        if (state === 'saving') steps.isNew(`checkpoint ${checkpointId}`, state);
        // One that was there before this process is announced again when its picture comes.
        else if (steps.has(`checkpoint ${checkpointId}`)) {
          first('checkpoint', checkpointId, state, state === 'ready' ? saved : failed);
        }
        return;
      }
      case 'action': {
        const { id, tool, outcome } = event.data;
        if (outcome === 'done' && restores.has(tool)) first('action', id, outcome, restored);
        return;
      }
      default:
    }
  });
}

/** The last state that each thing was seen in; the oldest are forgotten. */
class Steps {
  private readonly states = new Map<string, string>();

  has(key: string): boolean {
    return this.states.has(key);
  }
  isNew(key: string, state: string): boolean {
    if (this.states.get(key) === state) return false;
    this.states.delete(key);
    this.states.set(key, state);
    const oldest = this.states.size > mostRemembered ? this.states.keys().next().value : undefined;
    if (oldest !== undefined) this.states.delete(oldest);
    return true;
  }
}
