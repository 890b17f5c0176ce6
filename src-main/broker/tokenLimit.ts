import type { Caller } from '../base/caller';
import { WheelhouseError } from '../base/errors';
import type { HomeStore } from '../store/homes';
import type { PoolRow } from '../store/pools';
import type { SessionStore } from '../store/sessions';
import { keepsHomes } from './homes';
import type { Pending } from './pending';
import type { AcquireRequest } from './types';

/** Nobody can know when one of the token's own sessions ends; this is how often it is worth asking. */
const retryAfterSeconds = 30;

/**
 * Whether an agent's token may have one more session in this pool; session_limit otherwise. Counted are its
 * sessions, also those that are suspended or just being released, and what it waits for. People are not limited.
 */
export function checkTokenLimit(
  pool: PoolRow,
  caller: Caller,
  sessions: Pick<SessionStore, 'live'>,
  pending: Iterable<Pick<Pending, 'poolId' | 'request'>>,
): void {
  const limit = pool.spec.limits.sessionsPerToken;
  if (limit === null || caller.role !== 'agent') return;
  // One that waits is in both: as a row, perhaps, and as pending always. A row alone is what a failed departure left.
  const has = sessions.live(caller.name).filter((row) => row.poolId === pool.id && row.status !== 'queued').length;
  let waits = 0;
  for (const { poolId, request } of pending) {
    if (poolId === pool.id && request.caller.role === 'agent' && request.caller.name === caller.name) waits += 1;
  }
  if (has + waits < limit) return;
  const held = waits === 0 ? `has ${has}` : `has ${has} and waits for ${waits}`;
  throw new WheelhouseError(
    'session_limit',
    `The pool “${pool.spec.displayName}” gives one token at most ${limit} ${limit === 1 ? 'session' : 'sessions'} at once; “${caller.name}” ${held}. Release one first.`,
    { poolId: pool.id, limit, sessions: has, waiting: waits, retryAfterSeconds },
  );
}

/**
 * Whether an agent's token may have one more home in this pool; session_limit otherwise. Sessions that come and go, or
 * are suspended and left, would fill the disk with homes for as long as the pool keeps them. Its own again is none more.
 */
export function checkHomeLimit(
  { id, spec }: PoolRow,
  { caller, homeId }: Pick<AcquireRequest, 'caller' | 'homeId'>,
  homes: Pick<HomeStore, 'countOf' | 'get'>,
  limit: number,
): void {
  if (caller.role !== 'agent' || !keepsHomes(spec)) return;
  if (homeId !== undefined && homes.get(homeId)?.caller === caller.name) return;
  const has = homes.countOf(id, caller.name);
  if (has < limit) return;
  throw new WheelhouseError(
    'session_limit',
    `One token has at most ${limit} homes in a pool; “${caller.name}” has ${has} in “${spec.displayName}”. Delete one that is not needed, release a suspended session, or acquire with one of them.`,
    { poolId: id, limit, homes: has, retryAfterSeconds },
  );
}
