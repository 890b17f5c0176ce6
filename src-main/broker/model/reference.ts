import type { SessionStatus } from '@shared/session';
import type { MachineState } from '@shared/pool';

/**
 * What a session, a machine and a pool may do, as data, apart from how the broker does it. The trial watches the store
 * after every commit and asks here whether what it saw was allowed, given what had happened to the thing before.
 */

/** Why a session may move. Gathered as things happen to it; `always` needs no reason. */
export type Licence =
  | 'always'
  /** Somebody asked for it. */
  | 'asked'
  /** Told to suspend, or idle long enough where its pool suspends. */
  | 'suspend'
  /** Called while it was suspended. */
  | 'called'
  /** Released, or idle long enough where its pool releases, or its pool was deleted by force. */
  | 'end'
  /** Something happened to its machine, or somebody said so. */
  | 'hurt'
  /** Suspended for so many days, as counted. */
  | 'days';

/** `none`: no row. */
export type Seen = SessionStatus | 'none';

export const sessionMoves: Record<Seen, Partial<Record<Seen, Licence>>> = {
  none: { queued: 'asked', active: 'asked' },
  queued: { none: 'always', active: 'asked', acquiring: 'asked' },
  acquiring: { active: 'always', idle: 'always', released: 'end', failed: 'hurt', expired: 'days' },
  active: { idle: 'suspend', releasing: 'end', failed: 'hurt' },
  idle: { acquiring: 'called', released: 'end', expired: 'days', failed: 'hurt' },
  releasing: { released: 'always', failed: 'hurt' },
  released: {},
  failed: {},
  expired: {},
};

/** Whether `to` can be reached from `from` with these licences, in any number of moves. */
export function sessionMayMove(from: Seen, to: Seen, licences: ReadonlySet<Licence>): boolean {
  return reach(from, to, (at) =>
    (Object.entries(sessionMoves[at]) as [Seen, Licence][])
      .filter(([, licence]) => licence === 'always' || licences.has(licence))
      .map(([next]) => next),
  );
}

export type MachineSeen = MachineState | 'none';

/** Nothing that was leased, quarantined or on its way out is ever handed out again. */
export const machineMoves: Record<MachineSeen, readonly MachineSeen[]> = {
  none: ['creating'],
  creating: ['starting', 'quarantined', 'destroying'],
  starting: ['ready', 'quarantined', 'destroying'],
  ready: ['leased', 'starting', 'quarantined', 'destroying'],
  leased: ['resetting', 'quarantined'],
  resetting: ['gone', 'quarantined'],
  quarantined: ['destroying'],
  destroying: ['gone'],
  gone: ['none'],
};
export const machineMayMove = (from: MachineSeen, to: MachineSeen): boolean =>
  reach(from, to, (at) => (at === 'none' && from !== 'none' ? [] : machineMoves[at]));

function reach<T>(from: T, to: T, next: (at: T) => readonly T[]): boolean {
  const known = new Set<T>([from]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) return true;
    for (const one of next(at)) {
      if (known.has(one)) continue;
      known.add(one);
      open.push(one);
    }
  }
  return false;
}

/** What a caller was told of a session, which holds for as long as it lives. */
export interface Told {
  computerId: string;
  poolId: string;
  caller: string;
  createdAt: string;
  homeId: string | null;
}

export interface SessionModel {
  seen: Seen;
  licences: Set<Licence>;
  /** Calls that wait for it: one that came while it was being suspended brings it back after that. */
  calls: number;
  /** Null until somebody was told that it is there. */
  told: Told | null;
  machineId: string | null;
  /** Milliseconds that count towards idleness, at most. */
  idleMs: number;
  epoch: number;
  human: boolean;
  /** Milliseconds since it was suspended, at most. */
  suspendedMs: number;
}

/** A home that somebody was given. */
export interface HomeModel {
  keep: boolean;
  /** Nobody had it for so long, at most; milliseconds. */
  unusedMs: number;
  mayGo: boolean;
}
export const newSession = (): SessionModel => ({
  seen: 'none',
  licences: new Set(),
  calls: 0,
  told: null,
  machineId: null,
  idleMs: 0,
  epoch: 1,
  human: false,
  suspendedMs: 0,
});

/** The most that a pool may have: a lowered maximum binds only as machines go by themselves. */
export function ceilingAfter(ceiling: number, count: number, maximum: number): number {
  return Math.max(maximum, Math.min(ceiling, count));
}
