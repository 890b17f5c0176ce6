import { controlRequestSchema, controlSchema } from '@shared/control';
import { sessionFor } from '../access';
import { json } from '../reply';
import { defineRoute, everyone, operators } from '../route';
import { sessionParams } from './session';

export const getControl = defineRoute({
  method: 'GET',
  path: '/api/sessions/{id}/control',
  id: 'getControl',
  summary: 'Who may act on the machine.',
  tag: 'control',
  roles: everyone,
  params: sessionParams,
  answers: { 200: { description: 'The control state.', schema: controlSchema } },
  errors: ['session_gone'],
  handle: (services, { caller, params }) => json(sessionFor(services, caller, params.id).control),
});

export const actOnControl = defineRoute({
  method: 'POST',
  path: '/api/sessions/{id}/control',
  id: 'actOnControl',
  summary: 'Takes, hands back, asks for, gives, pauses or resumes control. 409 names the holder.',
  tag: 'control',
  roles: operators,
  params: sessionParams,
  body: controlRequestSchema,
  answers: { 200: { description: 'The control state.', schema: controlSchema } },
  errors: ['session_gone', 'conflict', 'control_held', 'control_paused', 'not_supported'],
  async handle(services, { caller, params, body }) {
    sessionFor(services, caller, params.id);
    const operator = { name: caller.name, admin: caller.role === 'admin' };
    return json(await services.control.act(params.id, operator, body));
  },
});
