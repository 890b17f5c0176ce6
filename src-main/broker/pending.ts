import type { Session } from '@shared/session';
import type { Size } from '@shared/pool';
import type { NewMachine } from '../store/machines';
import type { OwnMaking } from './ownMachines';
import type { AcquireRequest, QueuePlace } from './types';

export interface Joiner {
  resolve(session: Session): void;
  reject(error: unknown): void;
  leave(): void;
  onPlace: ((place: QueuePlace) => void) | undefined;
}

/** What a machine is made of, without what makes it this one. */
export type Making = Omit<NewMachine, 'machineId' | 'secret' | 'createdAt'>;

/** One key on its way to a session, with everybody who asked for it. */
export interface Pending {
  sessionId: string;
  hash: string;
  poolId: string;
  lane: string;
  request: AcquireRequest;
  joiners: Set<Joiner>;
  /** When it was asked for first, by the monotonic clock. */
  since: number;
  /** Its row is written: others can see it waiting. */
  queued: boolean;
  /** What the machine is made of that it gets for itself alone; null: any ready one of its pool does. */
  own: OwnMaking | null;
  /** What its machines are to be like, where it asked for that. */
  size: Size | null;
  /** Fires when it is given up. */
  gone: AbortController;
  /** The place that its callers were told last. */
  told: QueuePlace | null;
}
