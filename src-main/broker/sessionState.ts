import type { SessionStatus } from '@shared/session';
import { WheelhouseError } from '../base/errors';

/**
 * The life of a session as data. A warm machine is leased in one step. `idle`: suspended, it has no machine; `acquiring`:
 * another machine is being made for it; when that fails it is idle as before. Without a machine there is nothing to reset,
 * so it ends in one step. Ended sessions never come back: their keys are spent.
 */
export const sessionTransitions = {
  queued: { lease: 'active' },
  acquiring: { lease: 'active', back: 'idle', end: 'released', lost: 'failed', expire: 'expired' },
  active: { release: 'releasing', suspend: 'idle', lost: 'failed' },
  idle: { resume: 'acquiring', end: 'released', lost: 'failed', expire: 'expired' },
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

/** It lives and has no machine: suspended, or on its way back. */
export const isAway = (status: SessionStatus): boolean => status === 'idle' || status === 'acquiring';
