import type { Broker } from '../broker/types';

const logMs = 5_000;

/** The last lines of a session's machine's console, oldest first; none where the backend keeps none for it. */
export async function consoleLog(
  broker: Pick<Broker, 'sessions' | 'machineOf'>,
  sessionId: string,
  lines: number,
): Promise<string[]> {
  if (broker.sessions.get(sessionId).machine?.consoleLog === false) return [];
  const { machineId, backend } = broker.machineOf(sessionId);
  return backend.logs(machineId, lines, AbortSignal.timeout(logMs));
}
