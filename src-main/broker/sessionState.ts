import type { SessionStatus } from '@shared/session';
import { WheelhouseError } from '../base/errors';

/**
 * The life of a session as data. `acquiring` belongs to sessions that get new compute on the way (suspended ones);
 * a warm machine is leased in one step. Ended sessions never come back: their keys are spent.
 */
export const sessionTransitions = {
  queued: { lease: 'active', cold: 'acquiring' },
  acquiring: { lease: 'active', lost: 'failed' },
  active: { release: 'releasing', suspend: 'idle', lost: 'failed' },
  idle: { resume: 'acquiring', release: 'releasing', lost: 'failed', expire: 'expired' },
  releasing: { end: 'released', lost: 'failed' },
  released: {},
  failed: {},
  expired: {},
} as const satisfies Record<SessionStatus, Partial<Record<string, SessionStatus>>>;

export type SessionEvent = {
  [S in SessionStatus]: keyof (typeof sessionTransitions)[S];
}[SessionStatus];

/** The next status; conflict when the event is not for this status. */
export function nextSessionStatus(status: SessionStatus, event: SessionEvent): SessionStatus {
  const next = (sessionTransitions[status] as Partial<Record<SessionEvent, SessionStatus>>)[event];
  if (!next)
    throw new WheelhouseError('conflict', `A session that is ${status} can't take “${event}”.`, { status, event });
  return next;
}

/** Ended for good. */
export const isEnded = (status: SessionStatus): boolean =>
  status === 'released' || status === 'failed' || status === 'expired';
