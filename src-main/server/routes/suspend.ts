import { z } from 'zod';
import { sessionSchema } from '@shared/session';
import { sessionFor } from '../access';
import { json } from '../reply';
import { defineRoute, everyone, type Route } from '../route';
import { sessionParams } from './session';

const path = '/api/sessions/{id}';
const nothing = z.strictObject({});

export const suspendRoutes: Route[] = [
  defineRoute({
    method: 'POST',
    path: `${path}/suspend`,
    id: 'suspendSession',
    summary:
      'Its machine goes, its home stays; the next call or viewer brings another machine under the same ids. Twice is as once.',
    tag: 'sessions',
    roles: everyone,
    params: sessionParams,
    body: nothing,
    answers: { 200: { description: 'The session, idle.', schema: sessionSchema } },
    errors: ['session_gone', 'not_supported', 'conflict', 'not_ready', 'guest_failed'],
    async handle(services, { caller, params: { id } }) {
      sessionFor(services, caller, id);
      await services.broker.suspend(id, caller.name);
      return json(services.broker.sessions.get(id));
    },
  }),
  defineRoute({
    method: 'POST',
    path: `${path}/resume`,
    id: 'resumeSession',
    summary: 'Answers when its machine can be acted on. Not needed before a call, which does the same.',
    tag: 'sessions',
    roles: everyone,
    params: sessionParams,
    body: nothing,
    answers: { 200: { description: 'The session, active.', schema: sessionSchema } },
    errors: ['session_gone', 'control_paused', 'not_ready', 'guest_failed', 'image_missing', 'backend_unreachable'],
    async handle(services, { caller, params: { id }, signal }) {
      sessionFor(services, caller, id);
      // A person’s word also wakes what a person has stopped; it stays stopped for its agent.
      await services.broker.connect(id, { signal, ...(caller.role === 'agent' ? {} : { wake: true }) });
      return json(services.broker.sessions.get(id));
    },
  }),
];
