import { createHash } from 'node:crypto';
import type { PoolSpec } from '@shared/pool';
import { acquireBodySchema } from '@shared/session';
import { idSchema, sessionIdSchema } from '@shared/ids';
import { z } from 'zod';
import { WheelhouseError } from '../base/errors';
import { parseInput } from '../base/parse';
import type { Caller } from '../base/caller';
import type { SandboxBackend } from '../sandbox/backend';
import type { PoolRow } from '../store/pools';
import { keepsHomes } from './homes';
import type { AcquireRequest } from './types';

/** Below it a home that ends at its quota can't hold what a desktop writes into it by itself. */
const leastQuotaMiB = 16;

/** Labels that only the broker may set. */
const reserved = /^wheelhouse([._-]|$)/;

const keySchema = z.object({
  sessionId: sessionIdSchema.optional(),
  fromCheckpoint: z.strictObject({ checkpointId: idSchema, machineId: idSchema }).optional(),
});

/** bad_request with details for what can't be right. Labels under `wheelhouse.` are the broker's own. */
export function checkRequest(request: AcquireRequest): void {
  const { poolId: _pool, caller: _caller, onPlace: _onPlace, sessionId, fromCheckpoint, ...body } = request;
  parseInput(keySchema, { sessionId, fromCheckpoint }, 'The request');
  parseInput(acquireBodySchema, body, 'The request');
  const label = Object.keys(request.labels ?? {}).find((name) => reserved.test(name));
  if (label !== undefined) {
    const details = [{ path: `labels.${label}`, message: 'reserved' }];
    throw new WheelhouseError('bad_request', `The label “${label}” is reserved.`, { details });
  }
}

/** bad_request with details for what this pool does not let a request choose. A screen like the pool's own is always right. */
export function checkAllowed({ fromCheckpoint, screen, idleSeconds, homeId }: AcquireRequest, spec: PoolSpec): void {
  const details: { path: string; message: string }[] = [];
  const refuse = (path: string, message: string): void => void details.push({ path, message });
  if (screen && fromCheckpoint) refuse('screen', 'a branch has the screen of what it branches from');
  else if (screen && !spec.acquire.screen) {
    const { width, height } = spec.size;
    if (screen.width !== width || screen.height !== height)
      refuse('screen', `this pool's machines have ${width} x ${height}; it does not let requests choose`);
  }
  const bounds = spec.acquire.idleSeconds;
  if (idleSeconds !== undefined && bounds === null)
    refuse('idleSeconds', `this pool's sessions idle ${spec.idle.afterSeconds} s; it does not let requests choose`);
  else if (idleSeconds !== undefined && bounds && (idleSeconds < bounds.minimum || idleSeconds > bounds.maximum))
    refuse('idleSeconds', `from ${bounds.minimum} to ${bounds.maximum} in this pool`);
  if (homeId !== undefined && fromCheckpoint) refuse('homeId', 'a branch has what is in its checkpoint');
  else if (homeId !== undefined && spec.home.policy !== 'keep') refuse('homeId', 'this pool keeps no homes');
  if (details.length === 0) return;
  const words = details.map((detail) => `${detail.path}: ${detail.message}`).join('; ');
  throw new WheelhouseError('bad_request', `The pool “${spec.displayName}” does not allow this: ${words}.`, {
    details,
  });
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
    ...(request.screen ? ['screen', request.screen.width, request.screen.height] : []),
    ...(request.idleSeconds !== undefined ? ['idleSeconds', request.idleSeconds] : []),
    ...(request.homeId !== undefined ? ['homeId', request.homeId] : []),
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

/** What a pool may ask for and its backend, or this version, does not have: refused in words, never promised. */
export function checkSupported(spec: PoolSpec, backend: SandboxBackend | undefined): void {
  const details: { path: string; message: string }[] = [];
  const refuse = (path: string, message: string): void => void details.push({ path, message });
  const name = `the ${spec.backend} backend`;
  if (!backend) refuse('backend', `there is no ${spec.backend} backend here`);
  else {
    if (!backend.homes && spec.idle.policy === 'suspend')
      refuse('idle.policy', `${name} keeps no homes, so it can't suspend; use release`);
    if (!backend.homes && spec.home.policy === 'keep') refuse('home.policy', `${name} keeps no homes; use none`);
    if (backend.homes?.enforcesQuota && keepsHomes(spec) && spec.home.quotaMiB < leastQuotaMiB)
      refuse('home.quotaMiB', `${name} ends homes at their quota; give them at least ${leastQuotaMiB} MiB`);
    if (!backend.checkpoints && spec.idle.keeps === 'machine')
      refuse('idle.keeps', `${name} can't save machines; use home`);
    if (!backend.parks && spec.warm.freeze === true)
      refuse('warm.freeze', `${name} can't stop machines until they are handed out`);
  }
  if (spec.network.policy !== 'none') refuse('network.policy', `${spec.network.policy} is not available yet; use none`);
  if (details.length === 0) return;
  const words = details.map((detail) => `${detail.path}: ${detail.message}`).join('; ');
  throw new WheelhouseError('not_supported', `This pool asks for what is not there: ${words}.`, { details });
}
