import { z } from 'zod';
import { json } from '../reply';
import { defineRoute, operators } from '../route';

const counted = z.object({ sessions: z.int() });

export const stopEverything = defineRoute({
  method: 'POST',
  path: '/api/stop',
  id: 'stopEverything',
  summary: 'Stops every live session at once: nobody acts, whoever held it, and its processors stand still.',
  tag: 'control',
  roles: operators,
  body: z.strictObject({}),
  answers: { 200: { description: 'How many were stopped.', schema: counted } },
  errors: [],
  handle: async ({ control }, { caller }) =>
    json({ sessions: await control.stopAll({ name: caller.name, admin: caller.role === 'admin' }) }),
});

export const resumeEverything = defineRoute({
  method: 'POST',
  path: '/api/resume',
  id: 'resumeEverything',
  summary: 'Lets go on, as it was, what stop-everything stopped. What a person paused by itself stays paused.',
  tag: 'control',
  roles: operators,
  body: z.strictObject({}),
  answers: { 200: { description: 'How many go on.', schema: counted } },
  errors: [],
  handle: async ({ control }, { caller }) =>
    json({ sessions: await control.resumeAll({ name: caller.name, admin: caller.role === 'admin' }) }),
});
