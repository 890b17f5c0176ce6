import { z } from 'zod';
import { idSchema } from '@shared/ids';
import { machineCommandSchema, machineLookSchema, machineRunSchema } from '@shared/machineLook';
import { machineSchema, poolSchema } from '@shared/pool';
import { json, noContent } from '../reply';
import { admins, defineRoute, operators, type Route } from '../route';
import { poolParams } from './pools';

const params = z.object({ id: idSchema });
const path = '/api/machines/{id}';

export const machineRoutes: Route[] = [
  defineRoute({
    method: 'GET',
    path: '/api/pools/{id}/machines',
    id: 'listMachines',
    summary: 'The machines of a pool, quarantined ones too.',
    tag: 'machines',
    roles: operators,
    params: poolParams,
    answers: { 200: { description: 'All of them.', schema: z.object({ data: z.array(machineSchema) }) } },
    errors: ['not_found'],
    handle: async ({ broker }, { params: { id } }) => json({ data: await broker.pools.machines(id) }),
  }),
  defineRoute({
    method: 'POST',
    path: '/api/pools/{id}/retry',
    id: 'retryPool',
    summary: 'Tries again at once where failures made the pool wait.',
    tag: 'pools',
    roles: operators,
    params: poolParams,
    body: z.strictObject({}),
    answers: { 200: { description: 'The pool.', schema: poolSchema } },
    errors: ['not_found'],
    handle: ({ broker }, { params: { id } }) => json(broker.pools.retry(id)),
  }),
  defineRoute({
    method: 'GET',
    path,
    id: 'lookAtMachine',
    summary: 'A closer look at one machine: what is wrong, its last picture and console. The machine wrote the lines.',
    tag: 'machines',
    roles: operators,
    params,
    answers: { 200: { description: 'What can be seen of it.', schema: machineLookSchema } },
    errors: ['not_found'],
    handle: async ({ broker }, { params: { id } }) => json(await broker.machines.look(id)),
  }),
  defineRoute({
    method: 'DELETE',
    path,
    id: 'destroyMachine',
    summary: 'Destroys a machine that no session has; its pool makes another where it wants one.',
    tag: 'machines',
    roles: admins,
    params,
    answers: { 204: { description: 'It goes.' } },
    errors: ['not_found', 'conflict'],
    async handle({ broker }, { params: { id } }) {
      await broker.pools.destroyMachine(id);
      return noContent();
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${path}/run`,
    id: 'runInMachine',
    summary: 'One command in a quarantined machine, as the user of its sessions. Who ran what is logged.',
    tag: 'machines',
    roles: admins,
    params,
    body: machineCommandSchema,
    answers: { 200: { description: 'Its output and exit code.', schema: machineRunSchema } },
    errors: ['not_found', 'conflict', 'not_supported', 'guest_failed', 'guest_timeout', 'backend_unreachable'],
    handle: async ({ broker }, { params: { id }, body, caller }) =>
      json(await broker.machines.run(id, body.command, caller.name)),
  }),
  defineRoute({
    method: 'POST',
    path: `${path}/keep`,
    id: 'keepMachine',
    summary: 'Keeps a quarantined machine for an hour from now.',
    tag: 'machines',
    roles: operators,
    params,
    body: z.strictObject({}),
    answers: { 200: { description: 'The machine.', schema: machineSchema } },
    errors: ['not_found', 'conflict'],
    handle: ({ broker }, { params: { id } }) => json(broker.machines.keep(id)),
  }),
];
