import { z } from 'zod';
import { poolPatchSchema, poolSchema } from '@shared/pool';
import { poolFor } from '../access';
import { json, noContent } from '../reply';
import { admins, defineRoute, everyone } from '../route';
import { poolParams } from './pools';

export const getPool = defineRoute({
  method: 'GET',
  path: '/api/pools/{id}',
  id: 'getPool',
  summary: 'One pool, with what was observed of it.',
  tag: 'pools',
  roles: everyone,
  params: poolParams,
  answers: { 200: { description: 'The pool.', schema: poolSchema } },
  errors: ['not_found'],
  handle: (services, { caller, params }) => json(poolFor(services, caller, params.id)),
});

export const updatePool = defineRoute({
  method: 'PATCH',
  path: '/api/pools/{id}',
  id: 'updatePool',
  summary: 'Changes what is desired of a pool.',
  tag: 'pools',
  roles: admins,
  params: poolParams,
  body: poolPatchSchema,
  answers: { 200: { description: 'The pool.', schema: poolSchema } },
  errors: ['not_found', 'conflict', 'not_supported'],
  handle: (services, { params, body }) => json(services.broker.pools.update(params.id, body)),
});

export const deletePool = defineRoute({
  method: 'DELETE',
  path: '/api/pools/{id}',
  id: 'deletePool',
  summary: 'Deletes a pool and its machines; conflict while it has live sessions, unless forced.',
  tag: 'pools',
  roles: admins,
  params: poolParams,
  query: z.object({ force: z.enum(['', 'true', 'false', '1', '0']).default('false') }),
  answers: { 204: { description: 'Gone.' } },
  errors: ['not_found', 'conflict'],
  async handle(services, { params, query }) {
    await services.broker.pools.delete(params.id, { force: !['false', '0'].includes(query.force) });
    return noContent();
  },
});
