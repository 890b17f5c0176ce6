import { z } from 'zod';
import { idSchema } from '@shared/ids';
import { poolCreateSchema, poolSchema } from '@shared/pool';
import { listQuerySchema } from '@shared/session';
import { mayUsePool, poolAs } from '../access';
import { pageOf, pageSchema } from '../page';
import { json } from '../reply';
import { admins, defineRoute, everyone } from '../route';

export const poolParams = z.object({ id: idSchema });

export const listPools = defineRoute({
  method: 'GET',
  path: '/api/pools',
  id: 'listPools',
  summary: 'Pools; agents see those they may acquire from.',
  tag: 'pools',
  roles: everyone,
  query: listQuerySchema,
  answers: { 200: { description: 'A page of pools.', schema: pageSchema(poolSchema) } },
  errors: [],
  handle: (services, { caller, query }) =>
    json(
      pageOf(
        services.broker.pools
          .list()
          .filter((pool) => mayUsePool(caller, pool))
          .map((pool) => poolAs(caller, pool)),
        (pool) => pool.id,
        query,
      ),
    ),
});

export const createPool = defineRoute({
  method: 'POST',
  path: '/api/pools',
  id: 'createPool',
  summary: 'Makes a pool; everything but displayName has a default.',
  tag: 'pools',
  roles: admins,
  body: poolCreateSchema,
  answers: { 201: { description: 'The pool.', schema: poolSchema } },
  errors: ['conflict', 'not_supported'],
  handle: (services, { body }) => json(services.broker.pools.create(body), 201),
});
