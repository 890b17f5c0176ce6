import { createHash } from 'node:crypto';
import type { PoolSpec } from '@shared/pool';
import { acquireBodySchema } from '@shared/session';
import { idSchema, sessionIdSchema } from '@shared/ids';
import { z } from 'zod';
import { WheelhouseError } from '../base/errors';
import { parseInput } from '../base/parse';
import type { Caller } from '../base/caller';
import type { PoolRow } from '../store/pools';
import type { AcquireRequest } from './types';

/** Labels that only the broker may set. */
const reserved = /^wheelhouse([._-]|$)/;

const keySchema = z.object({
  sessionId: sessionIdSchema.optional(),
  fromCheckpoint: z.strictObject({ checkpointId: idSchema, machineId: idSchema }).optional(),
});

/** bad_request with details for what can't be right. Labels under `wheelhouse.` are the broker's own. */
export function checkRequest(request: AcquireRequest): void {
  const { poolId: _pool, caller: _caller, sessionId, fromCheckpoint, ...body } = request;
  parseInput(keySchema, { sessionId, fromCheckpoint }, 'The request');
  parseInput(acquireBodySchema, body, 'The request');
  const label = Object.keys(request.labels ?? {}).find((name) => reserved.test(name));
  if (label !== undefined) {
    const details = [{ path: `labels.${label}`, message: 'reserved' }];
    throw new WheelhouseError('bad_request', `The label “${label}” is reserved.`, { details });
  }
}

/** What a retry of the same key must have in common with the first request. How long to wait is not part of it. */
export function parametersHash(request: AcquireRequest): string {
  const labels = Object.entries(request.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const parts = [
    request.poolId,
    request.caller.role,
    request.caller.name,
    request.name ?? '',
    request.agent ?? '',
    labels,
    ...(request.fromCheckpoint ? [request.fromCheckpoint.checkpointId, request.fromCheckpoint.machineId] : []),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** Whether this caller may take machines of this pool: its token's pools, and the pool's assignments. forbidden otherwise. */
export function checkMayUse(pool: PoolRow, caller: Caller): void {
  if (caller.role !== 'agent') return;
  const named = caller.pools.length === 0 || caller.pools.includes(pool.id);
  const assigned = pool.spec.assignments.length === 0 || pool.spec.assignments.includes(caller.name);
  if (named && assigned) return;
  throw new WheelhouseError('forbidden', `The token “${caller.name}” may not use the pool “${pool.id}”.`, {
    poolId: pool.id,
  });
}

/** What a pool may ask for and this version does not have: refused in words, never promised. */
export function checkSupported(spec: PoolSpec, hasBackend: boolean): void {
  const details: { path: string; message: string }[] = [];
  if (!hasBackend) details.push({ path: 'backend', message: `there is no ${spec.backend} backend here` });
  if (spec.idle.policy === 'suspend')
    details.push({ path: 'idle.policy', message: 'suspend is not available yet; use release' });
  if (spec.home.policy === 'keep')
    details.push({ path: 'home.policy', message: 'keep is not available yet; use none' });
  if (spec.network.policy !== 'none')
    details.push({ path: 'network.policy', message: `${spec.network.policy} is not available yet; use none` });
  if (details.length === 0) return;
  const words = details.map((detail) => `${detail.path}: ${detail.message}`).join('; ');
  throw new WheelhouseError('not_supported', `This pool asks for what is not there: ${words}.`, { details });
}
