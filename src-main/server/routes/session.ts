import { z } from 'zod';
import { sessionIdSchema } from '@shared/ids';
import { sessionSchema } from '@shared/session';
import { WheelhouseError } from '../../base/errors';
import { sessionFor } from '../access';
import { json, noContent } from '../reply';
import { defineRoute, everyone } from '../route';

export const sessionParams = z.object({ id: sessionIdSchema });

export const getSession = defineRoute({
  method: 'GET',
  path: '/api/sessions/{id}',
  id: 'getSession',
  summary: 'One session, ended ones too.',
  tag: 'sessions',
  roles: everyone,
  params: sessionParams,
  answers: { 200: { description: 'The session.', schema: sessionSchema } },
  errors: ['session_gone'],
  handle: (services, { caller, params }) => json(sessionFor(services, caller, params.id)),
});

export const releaseSession = defineRoute({
  method: 'DELETE',
  path: '/api/sessions/{id}',
  id: 'releaseSession',
  summary: 'Releases a session; its machine is reset after the answer.',
  tag: 'sessions',
  roles: everyone,
  params: sessionParams,
  headers: z.object({ 'x-ms-sessionid': z.string().optional() }),
  answers: { 204: { description: 'It has ended.' } },
  errors: ['session_gone'],
  async handle(services, { caller, params, headers }) {
    const named = headers['x-ms-sessionid'];
    if (named !== undefined && named !== params.id) {
      throw new WheelhouseError('bad_request', 'x-ms-sessionId names another session than the path.');
    }
    sessionFor(services, caller, params.id);
    await services.broker.release(params.id, caller.name, `Released by ${caller.name}.`);
    return noContent();
  },
});
