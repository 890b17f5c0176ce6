import { z } from 'zod';
import { actionSchema } from '@shared/action';
import { listQuerySchema } from '@shared/session';
import { sessionFor } from '../access';
import { pageSchema } from '../page';
import { json } from '../reply';
import { defineRoute, everyone } from '../route';
import { sessionParams } from './session';

export const listActions = defineRoute({
  method: 'GET',
  path: '/api/sessions/{id}/actions',
  id: 'listActions',
  summary: 'The timeline of a session; q searches its words.',
  tag: 'record',
  roles: everyone,
  params: sessionParams,
  query: listQuerySchema.and(z.object({ q: z.string().trim().min(1).max(200).optional() })),
  answers: { 200: { description: 'A page of actions.', schema: pageSchema(actionSchema) } },
  errors: ['session_gone'],
  handle(services, { caller, params, query }) {
    sessionFor(services, caller, params.id);
    const { limit, order, after, before, q } = query;
    return json(services.timeline.list(params.id, { limit, order, after, before, q }));
  },
});
