import type { Session } from '@shared/session';

/** What an agent is told of a session of its own. */
export function sessionFacts(session: Session, poolName?: string): Record<string, unknown> {
  return {
    sessionId: session.sessionId,
    name: session.name,
    status: session.status,
    poolId: session.poolId,
    ...(poolName !== undefined && { pool: poolName }),
    computerId: session.computerId,
    createdAt: session.createdAt,
    expiresAt: session.expiresAt,
    ...(session.home && { homeId: session.home.homeId, homeIsKept: session.home.keep }),
    ...(session.suspendedAt && { suspendedAt: session.suspendedAt }),
    control: session.control.kind,
    holder: session.control.holder,
  };
}
