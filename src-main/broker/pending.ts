import type { Session } from '@shared/session';
import type { NewMachine } from '../store/machines';
import type { AcquireRequest } from './types';

export interface Joiner {
  resolve(session: Session): void;
  reject(error: unknown): void;
  leave(): void;
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
  /** A branch: what its own machine is made of; `begun` once it is being made. */
  branch: { from: Making; begun: boolean } | null;
}
