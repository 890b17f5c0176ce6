import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { age, moment } from '../../lib/clock';

const day = 86_400_000;

/** Its machine went, its home stays; the next call, or a person, brings it another machine. */
export const isSuspended = (session: Session) => session.status === 'idle';

/** Another machine is on its way to a session that had one before. */
export const isResuming = (session: Session) => session.status === 'acquiring' && Boolean(session.suspendedAt);

export const suspendedSince = (session: Session, now: number) =>
  moment(session.suspendedAt ?? session.lastActivityAt, now);

/** "in 30 days": when a suspended session expires and its home goes; null when that is not known. */
export function expiryWords({ expiresAt }: Session, now: number): string | null {
  if (expiresAt === null) return null;
  const left = Date.parse(expiresAt) - now;
  // Of days the nearest: one that was suspended just now has all of its 30.
  const days = Math.round(left / day);
  if (left >= day) return days === 1 ? 'in 1 day' : `in ${days} days`;
  return left <= 0 ? 'now' : `in ${age(left)}`;
}

const ordinal = (n: number): string => {
  const tens = n % 100;
  if (tens >= 11 && tens <= 13) return `${n}th`;
  return `${n}${{ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th'}`;
};

/** "2nd of 3 in the queue", "Next in the queue"; empty while no place is known. */
export function queueWords({ queue }: Session): string {
  if (!queue) return '';
  if (queue.place === 1) return queue.waiting > 1 ? `Next of ${queue.waiting} in the queue` : 'Next in the queue';
  return `${ordinal(queue.place)} of ${queue.waiting} in the queue`;
}

export const suspends = (pool: Pool | undefined) => pool?.idle.policy === 'suspend';

/** Its pool saves machines whole, as it is now; a session that was suspended before a change may differ. */
export const savedWhole = (pool: Pool | undefined) => suspends(pool) && pool?.idle.keeps === 'machine';

/** Whether a person can suspend it: not offered (null), possible, or barred with a reason. */
export function suspendChoice(session: Session, pool: Pool | undefined): { barred: string | null } | null {
  if (!suspends(pool) || session.endedAt !== null || session.status !== 'active') return null;
  switch (session.control.kind) {
    case 'human':
    case 'draining':
    case 'handback':
      return { barred: 'A person has the wheel' };
    default:
      return { barred: session.frozen ? 'It is stopped: let it go on first' : null };
  }
}
