import { capacityLimitsSchema, capacitySchema } from '@shared/capacity';
import { json } from '../reply';
import { admins, defineRoute, operators, type Route } from '../route';

const path = '/api/capacity';

export const capacityRoutes: Route[] = [
  defineRoute({
    method: 'GET',
    path,
    id: 'getCapacity',
    summary: 'What all pools together take of this computer, what they may, and what each may while that is scarce.',
    tag: 'pools',
    roles: operators,
    answers: { 200: { description: 'Limits, and what is taken.', schema: capacitySchema } },
    errors: [],
    handle: ({ broker }) => json(broker.capacity.get()),
  }),
  defineRoute({
    method: 'PUT',
    path,
    id: 'setCapacity',
    summary: 'Sets what all pools together may take; null is no limit. Holds for machines made from then on.',
    tag: 'pools',
    roles: admins,
    body: capacityLimitsSchema,
    answers: { 200: { description: 'Limits, and what is taken.', schema: capacitySchema } },
    errors: [],
    handle: ({ broker }, { body }) => json(broker.capacity.set(body)),
  }),
];
