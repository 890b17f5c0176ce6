import { WheelhouseError } from '../base/errors';
import type { Basis, Lease } from './lease';

/**
 * What a move asks of the runner. fence: let the machine's processors run, and shut out everything older than `epoch`.
 * freeze: stop them, at once. fact: a row of the timeline.
 */
export type Effect =
  | { kind: 'fence'; epoch: number }
  | { kind: 'freeze'; epoch: number }
  | { kind: 'fact'; tool: string; by: string | null; words: string; arguments: Record<string, unknown> };

export interface Step {
  state: Lease;
  effects: Effect[];
}

export const same = (state: Lease): Step => ({ state, effects: [] });

export const joinNotes = (...notes: string[]): string => notes.filter(Boolean).join('\n');

/** The hold is over; the agent will be told of it when it gets control. */
export const endHold = (basis: Basis | null, now: number, note = ''): Basis | null =>
  basis && { ...basis, endedAt: basis.endedAt ?? now, note: joinNotes(basis.note, note) };

type Paused = Extract<Lease, { kind: 'paused' }>;
export const paused = (lease: Lease, now: number, over: Partial<Paused>): Paused => ({
  kind: 'paused',
  epoch: lease.epoch,
  since: now,
  basis: lease.basis,
  by: null,
  holder: null,
  lapse: null,
  frozen: false,
  stopped: null,
  ...over,
});

/** Who holds or is about to, as far as other operators are concerned. */
export function holderOf(lease: Lease): string | null {
  if (lease.kind === 'requested' || lease.kind === 'draining' || lease.kind === 'human') return lease.holder;
  return lease.kind === 'paused' && lease.lapse ? lease.holder : null;
}

const facts = (lease: Lease) => ({
  holder: holderOf(lease),
  since: new Date(lease.since).toISOString(),
  state: lease.kind,
  epoch: lease.epoch,
});

export const held = (lease: Lease): WheelhouseError =>
  new WheelhouseError('control_held', `${holderOf(lease) ?? 'Nobody'} has control. Ask for it, or wait.`, facts(lease));

export const conflict = (lease: Lease, message: string): WheelhouseError =>
  new WheelhouseError('conflict', message, facts(lease));
