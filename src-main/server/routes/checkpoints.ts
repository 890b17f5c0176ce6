import { z } from 'zod';
import { checkpointCreateSchema, checkpointSchema } from '@shared/checkpoint';
import { idSchema } from '@shared/ids';
import { sessionSchema } from '@shared/session';
import { sessionFor } from '../access';
import { asCaller } from '../agentAct';
import { json, noContent } from '../reply';
import { defineRoute, everyone, operators, type Route } from '../route';
import { sessionParams } from './session';

const path = '/api/sessions/{id}/checkpoints';
const params = z.object({ ...sessionParams.shape, checkpointId: idSchema });
const common = ['session_gone', 'not_supported', 'not_ready'] as const;
const machine = [...common, 'conflict', 'guest_failed', 'guest_timeout', 'timeout', 'not_recorded'] as const;
const held = ['control_held', 'control_paused', 'stale_epoch'] as const;

export const checkpointRoutes: Route[] = [
  defineRoute({
    method: 'GET',
    path,
    id: 'listCheckpoints',
    summary: 'The saved moments of a session, oldest first.',
    tag: 'sessions',
    roles: everyone,
    params: sessionParams,
    answers: { 200: { description: 'All of them.', schema: z.object({ data: z.array(checkpointSchema) }) } },
    errors: ['session_gone'],
    handle(services, { caller, params: { id } }) {
      sessionFor(services, caller, id);
      return json({ data: services.checkpoints.list(id) });
    },
  }),
  defineRoute({
    method: 'POST',
    path,
    id: 'createCheckpoint',
    summary: 'Saves the machine: memory, disk and home. Answers once it is on disk.',
    tag: 'sessions',
    roles: everyone,
    params: sessionParams,
    body: checkpointCreateSchema,
    answers: { 201: { description: 'It is saved.', schema: checkpointSchema } },
    errors: [...machine, ...held, 'too_many'],
    async handle(services, { caller, params: { id }, body }) {
      const session = sessionFor(services, caller, id);
      const act = { tool: 'checkpoint_create', arguments: body, words: 'Saved a checkpoint' };
      const made = await asCaller(services, session, caller, act, (by) => services.checkpoints.create(id, by, body));
      return json(made, 201);
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${path}/{checkpointId}/restore`,
    id: 'restoreCheckpoint',
    summary:
      'Puts the machine back: everything after the checkpoint is undone. A person takes control for it unless they hold it; 409 names another holder, whom force (admins) overrides.',
    tag: 'sessions',
    roles: everyone,
    params,
    body: z.strictObject({ force: z.boolean().optional() }),
    answers: { 200: { description: 'The machine is as it was then.', schema: checkpointSchema } },
    errors: [...machine, ...held, 'not_found'],
    async handle(services, { caller, params: { id, checkpointId }, body }) {
      const session = sessionFor(services, caller, id);
      const act = { tool: 'checkpoint_restore', arguments: { checkpointId }, words: 'Went back to a checkpoint' };
      return json(
        await asCaller(services, session, caller, act, (by) =>
          services.checkpoints.restore(id, checkpointId, by, { force: body.force }),
        ),
      );
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${path}/{checkpointId}/branch`,
    id: 'branchCheckpoint',
    summary: 'A new session of the same pool that goes on from the checkpoint; this one stays as it is.',
    tag: 'sessions',
    roles: operators,
    params,
    body: z.strictObject({ name: z.string().trim().max(120).default('') }),
    answers: { 201: { description: 'The new session is live.', schema: sessionSchema } },
    errors: [...machine, 'not_found', 'pool_paused', 'queue_full', 'acquire_timeout', 'backend_unreachable'],
    async handle(services, { caller, params: { id, checkpointId }, body, signal }) {
      sessionFor(services, caller, id);
      const operator = { name: caller.name, admin: caller.role === 'admin' };
      return json(await services.checkpoints.branch(id, checkpointId, operator, body, signal), 201);
    },
  }),
  defineRoute({
    method: 'DELETE',
    path: `${path}/{checkpointId}`,
    id: 'removeCheckpoint',
    summary: 'Removes a checkpoint; its files go after the answer.',
    tag: 'sessions',
    roles: operators,
    params,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['session_gone', 'not_found', 'conflict', 'not_recorded'],
    async handle(services, { caller, params: { id, checkpointId } }) {
      sessionFor(services, caller, id);
      const operator = { name: caller.name, admin: caller.role === 'admin' };
      await services.checkpoints.remove(id, checkpointId, { kind: 'operator', operator });
      return noContent();
    },
  }),
];
