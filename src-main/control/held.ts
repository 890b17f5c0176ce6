import type { ControlState, Handback } from '@shared/control';
import { handbackSchema } from '@shared/control';
import { iso, type Clock } from '../base/clock';
import type { ControlRow } from '../store/controls';
import { Admissions } from './admissions';
import { leaseSchema, type Lease } from './lease';
import type { HoldWatch } from './watch';

/** All that control knows of one session. */
export interface Held {
  readonly sessionId: string;
  lease: Lease;
  /** Not told to the agent yet. */
  handback: Handback | null;
  readonly admissions: Admissions;
  readonly watch: HoldWatch;
  /** Open interactive viewers, by operator. */
  readonly viewers: Map<string, number>;
  /** Whether who is coming had a viewer open when the change of hands began. */
  watching: boolean;
  readonly waiters: Set<(result: boolean | Error) => void>;
  /** The change of hands under way; never rejects. */
  fencing: Promise<void>;
  /** Why the last one failed. */
  fault: Error | null;
  /** The machine's processors are stopped, or may be; the chain of what stops them and lets them go on. */
  frozen: boolean;
  ice: Promise<void>;
  /** The look before the hold, while it is being taken. */
  looking: Promise<void>;
  closed: boolean;
}

/** The lease as the world sees it. */
export function publicState(lease: Lease): ControlState {
  const lapse = lease.kind === 'human' || lease.kind === 'paused' ? lease.lapse : null;
  return {
    kind: lease.kind,
    holder: lease.kind === 'agent' || lease.kind === 'handback' ? null : lease.holder,
    since: iso(lease.since),
    epoch: lease.epoch,
    private: false,
    lapsesAt: lapse ? iso(lapse.at) : null,
    lapseReason: lapse?.reason ?? null,
    askedBy: lease.kind === 'human' ? lease.askedBy : null,
    ...(lease.kind === 'paused' && { pausedBy: lease.by, stoppedWithAll: lease.stopped !== null }),
  };
}

export const toRow = (sessionId: string, lease: Lease, handback: Handback | null, closed = false): ControlRow => ({
  sessionId,
  kind: lease.kind,
  holder: publicState(lease).holder,
  epoch: lease.epoch,
  detail: JSON.stringify(lease),
  handback: handback && JSON.stringify(handback),
  closed,
});

export const leaseOf = (row: ControlRow): Lease => leaseSchema.parse(JSON.parse(row.detail));
export const handbackOf = (row: ControlRow): Handback | null =>
  row.handback === null ? null : handbackSchema.parse(JSON.parse(row.handback));

export const newHeld = (parts: {
  sessionId: string;
  lease: Lease;
  handback: Handback | null;
  clock: Clock;
  drainMs: number;
  watch: HoldWatch;
}): Held => ({
  sessionId: parts.sessionId,
  lease: parts.lease,
  handback: parts.handback,
  admissions: new Admissions(parts.clock, parts.drainMs),
  watch: parts.watch,
  viewers: new Map(),
  watching: false,
  waiters: new Set(),
  fencing: Promise.resolve(),
  fault: null,
  frozen: false,
  ice: Promise.resolve(),
  looking: Promise.resolve(),
  closed: false,
});
