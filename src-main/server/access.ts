import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import type { Caller } from '../base/caller';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import { forAgents } from '../broker/agentWords';
import type { Services } from './services';

/** What an agent may see: its own sessions, the pools it may acquire from. People see everything. */
export const ownsSession = (caller: Caller, session: Session): boolean =>
  caller.role !== 'agent' || session.caller === caller.name;

export const mayUsePool = (caller: Caller, pool: Pool): boolean =>
  caller.role !== 'agent' ||
  ((caller.pools.length === 0 || caller.pools.includes(pool.id)) &&
    (pool.assignments.length === 0 || pool.assignments.includes(caller.name)));

/** A pool as this caller may read it. */
export const poolAs = (caller: Caller, pool: Pool): Pool =>
  caller.role !== 'agent'
    ? pool
    : { ...pool, observed: { ...pool.observed, conditions: pool.observed.conditions.map(forAgents) } };

/** The session, when this caller may know of it. Another agent's session answers as an unknown one does. */
export function sessionFor(services: Services, caller: Caller, sessionId: string): Session {
  let session: Session;
  try {
    session = services.broker.sessions.get(sessionId);
  } catch (error) {
    throw asWheelhouseError(error).status === 404 ? unknownSession() : error;
  }
  if (!ownsSession(caller, session)) throw unknownSession();
  return session;
}

/** Why nothing is answered now. */
export const notReady = (services: Pick<Services, 'stopping'>): WheelhouseError =>
  services.stopping()
    ? new WheelhouseError('not_ready', 'Wheelhouse is stopping: it ends what it has begun, and begins nothing new.', {
        stopping: true,
        retryAfterSeconds: 10,
      })
    : new WheelhouseError('not_ready', 'Wheelhouse is starting: it looks at its machines first.');

export const unknownSession = (): WheelhouseError =>
  new WheelhouseError('session_gone', 'There is no such session, or it has ended.');

export function poolFor(services: Services, caller: Caller, poolId: string): Pool {
  const pool = services.broker.pools.get(poolId);
  if (!mayUsePool(caller, pool)) throw new WheelhouseError('not_found', `There is no pool “${poolId}”.`);
  return poolAs(caller, pool);
}
