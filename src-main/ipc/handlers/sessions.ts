import type { Caller } from '../../base/caller';
import { consoleLog } from '../../server/consoleLog';
import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

/** How long a person who pressed "Start a session" or "Resume" waits for a machine. */
const startDeadlineMs = 30_000;

export function sessionHandlers({ broker, operator }: Rooms) {
  const caller: Caller = { tokenId: 'window', name: operator.name, role: 'admin', pools: [] };
  return {
    'sessions.list': ({ live, limit, before }) =>
      broker.sessions.list({ limit: Math.min(limit, 100), order: 'desc', after: before }, caller, { live }),
    'sessions.get': ({ sessionId }) => broker.sessions.get(sessionId),
    'sessions.start': ({ poolId, name }) =>
      broker.acquire(
        { poolId, caller, name: name || undefined, agent: '', waitMs: startDeadlineMs },
        AbortSignal.timeout(startDeadlineMs + 5_000),
      ),
    'sessions.consoleLog': ({ sessionId, lines }) => consoleLog(broker, sessionId, lines),
    'sessions.release': async ({ sessionId }) => {
      await broker.release(sessionId, operator.name, `Stopped by ${operator.name}`);
      return null;
    },
    'sessions.suspend': async ({ sessionId }) => {
      await broker.suspend(sessionId, operator.name);
      return null;
    },
    async 'sessions.resume'({ sessionId }) {
      await broker.connect(sessionId, { wake: true, signal: AbortSignal.timeout(startDeadlineMs) });
      return broker.sessions.get(sessionId);
    },
  } satisfies Partial<Handlers>;
}
