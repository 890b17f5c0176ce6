import { assertNever } from '../base/errors';
import type { Lease } from './lease';
import { conflict, endHold, held, holderOf, paused, same, type Effect, type Step } from './leaseParts';

interface Move {
  by: string;
  /** An admin who insists: may act on another's hold. */
  force: boolean;
  /** Compare and set: the move is refused unless this is still the lease's epoch. */
  epoch?: number | undefined;
}

export type OperatorEvent =
  | (Move & { kind: 'take' })
  | (Move & { kind: 'release'; note: string; leavePaused: boolean })
  | (Move & { kind: 'give'; to: string | null })
  | (Move & { kind: 'request' })
  | (Move & { kind: 'keep' })
  | (Move & { kind: 'pause' })
  | (Move & { kind: 'resume' });

const fact = (tool: string, by: string, words: string, args: Record<string, unknown> = {}): Effect => ({
  kind: 'fact',
  tool,
  by,
  words,
  arguments: args,
});

/** What an operator may do in which state. Throws control_held or conflict. */
export function operatorMove(lease: Lease, event: OperatorEvent, now: number): Step {
  if (event.epoch !== undefined && event.epoch !== lease.epoch) {
    throw conflict(lease, 'Control has changed hands since. Look again, then decide.');
  }
  switch (event.kind) {
    case 'take':
      return take(lease, event, now);
    case 'release':
      return release(lease, event, now);
    case 'give':
      return give(lease, event, now);
    case 'request':
      return request(lease, event);
    case 'keep':
      return keep(lease, event);
    case 'pause':
      return pause(lease, event, now);
    case 'resume':
      return resume(lease, event, now);
    default:
      return assertNever(event);
  }
}

function take(lease: Lease, { by, force }: Move, now: number): Step {
  const holder = holderOf(lease);
  if (holder === by && lease.kind === 'human') return same(lease.lapse ? { ...lease, lapse: null } : lease);
  if (holder === by && lease.kind !== 'paused') return same(lease);
  if (holder !== null && holder !== by && !force) throw held(lease);
  const epoch = lease.epoch + 1;
  const from = holder === by ? null : holder;
  return {
    state: { kind: 'requested', epoch, since: now, basis: lease.basis, holder: by, from, via: 'take' },
    effects: [{ kind: 'fence', epoch }],
  };
}

type Release = Extract<OperatorEvent, { kind: 'release' }>;
function release(lease: Lease, { by, force, note, leavePaused }: Release, now: number): Step {
  const mine = lease.kind === 'paused' ? lease.holder === by : holderOf(lease) === by;
  if (lease.kind === 'agent' || lease.kind === 'handback') throw conflict(lease, 'Nobody holds control.');
  if (!mine && !force) throw holderOf(lease) ? held(lease) : conflict(lease, `${by} does not hold control.`);
  const basis = endHold(lease.basis, now, note);
  if (leavePaused && lease.kind === 'paused') {
    // Decided for this session alone: letting everything go on does not undo it, nor give it back to who left it.
    const state: Lease = { ...lease, lapse: null, holder: null, basis, by, frozen: true, stopped: null };
    return { state, effects: lease.frozen ? [] : [{ kind: 'freeze', epoch: lease.epoch }] };
  }
  const epoch = lease.epoch + 1;
  const words = leavePaused ? `**${by}** left control and paused the session` : `**${by}** handed back control`;
  const heldMs = basis ? Math.max(0, (basis.endedAt ?? now) - basis.since) : 0;
  return {
    state: leavePaused
      ? paused(lease, now, { epoch, by, basis, frozen: true })
      : { kind: 'handback', epoch, since: now, basis, by },
    effects: [
      { kind: leavePaused ? 'freeze' : 'fence', epoch },
      fact('control.release', by, words, { note, leavePaused, heldMs }),
    ],
  };
}

function give(lease: Lease, event: Extract<OperatorEvent, { kind: 'give' }>, now: number): Step {
  if (lease.kind !== 'human' || lease.holder !== event.by) {
    throw holderOf(lease) ? held(lease) : conflict(lease, `${event.by} does not hold control.`);
  }
  const to = event.to ?? lease.askedBy;
  if (to === null) throw conflict(lease, 'Nobody has asked for control: say whom to give it to.');
  if (to === event.by) throw conflict(lease, `${to} already holds control.`);
  const epoch = lease.epoch + 1;
  return {
    state: { kind: 'requested', epoch, since: now, basis: lease.basis, holder: to, from: event.by, via: 'give' },
    effects: [{ kind: 'fence', epoch }],
  };
}

function request(lease: Lease, { by }: Move): Step {
  if (lease.kind !== 'human') throw conflict(lease, 'No person holds control: take it.');
  if (lease.holder === by) throw conflict(lease, `${by} already holds control.`);
  if (lease.askedBy === by) return same(lease);
  if (lease.askedBy) throw conflict(lease, `${lease.askedBy} has asked for control already.`);
  const words = `**${by}** asked **${lease.holder}** for control`;
  return { state: { ...lease, askedBy: by }, effects: [fact('control.request', by, words, { holder: lease.holder })] };
}

function keep(lease: Lease, { by }: Move): Step {
  if (lease.kind !== 'human' || lease.holder !== by) {
    throw holderOf(lease) ? held(lease) : conflict(lease, `${by} does not hold control.`);
  }
  const effects = lease.askedBy ? [fact('control.keep', by, `**${by}** kept control`, { askedBy: lease.askedBy })] : [];
  return { state: { ...lease, askedBy: null, lapse: null }, effects };
}

function pause(lease: Lease, { by, force }: Move, now: number): Step {
  if (lease.kind === 'paused' && lease.frozen && lease.stopped === null) return same(lease);
  const holder = holderOf(lease);
  if (holder !== null && holder !== by && !force) throw held(lease);
  const epoch = lease.epoch + 1;
  return {
    state: paused(lease, now, { epoch, by, basis: endHold(lease.basis, now), frozen: true }),
    effects: [{ kind: 'freeze', epoch }, fact('control.pause', by, `**${by}** paused the session`)],
  };
}

function resume(lease: Lease, { by, force }: Move, now: number): Step {
  if (lease.kind === 'agent' || lease.kind === 'handback') return same(lease);
  if (lease.kind !== 'paused') throw conflict(lease, `${lease.holder} has control: it is handed back, not resumed.`);
  const holder = holderOf(lease);
  if (holder !== null && holder !== by && !force) throw held(lease);
  const epoch = lease.epoch + 1;
  return {
    state: { kind: 'handback', epoch, since: now, basis: endHold(lease.basis, now), by },
    effects: [{ kind: 'fence', epoch }, fact('control.resume', by, `**${by}** let the agent go on`)],
  };
}
