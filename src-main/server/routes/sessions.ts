import { z } from 'zod';
import { listQuerySchema, sessionSchema } from '@shared/session';
import { pageSchema } from '../page';
import { json } from '../reply';
import { defineRoute, everyone } from '../route';

export const listSessions = defineRoute({
  method: 'GET',
  path: '/api/sessions',
  id: 'listSessions',
  summary: 'Sessions by creation; agents see their own. live=true leaves ended ones out.',
  tag: 'sessions',
  roles: everyone,
  query: listQuerySchema.and(z.object({ live: z.enum(['true', 'false']).default('false') })),
  answers: { 200: { description: 'A page of sessions.', schema: pageSchema(sessionSchema) } },
  errors: [],
  handle: (services, { caller, query }) =>
    json(services.broker.sessions.list(query, caller, { live: query.live === 'true' })),
});
