import { oneLine } from '../base/text';
import type { SessionRow } from '../store/sessions';
import type { Core } from './core';
import type { Pending } from './pending';

/** The row of a new session: waiting without a machine, active with one. */
export function newSession(
  { options, now }: Core,
  { sessionId, poolId, hash, request, size }: Pending,
  has: { machineId: string; homeId: string | null } | null,
): SessionRow {
  return {
    sessionId,
    computerId: options.ids.make('c'),
    poolId,
    machineId: has?.machineId ?? null,
    status: has === null ? 'queued' : 'active',
    parametersHash: hash,
    name: oneLine(request.name ?? ''),
    agent: oneLine(request.agent ?? ''),
    caller: request.caller.name,
    labels: request.labels ?? {},
    reason: null,
    createdAt: now,
    lastActivityAt: now,
    endedAt: null,
    homeId: has?.homeId ?? null,
    idleSeconds: request.idleSeconds ?? null,
    suspendedAt: null,
    suspendedMs: null,
    savedAs: null,
    size,
  };
}
