import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { notReady } from '../access';
import { json } from '../reply';
import { defineRoute } from '../route';

export const healthz = defineRoute({
  method: 'GET',
  path: '/healthz',
  id: 'healthz',
  summary: 'The process answers.',
  tag: 'system',
  roles: 'public',
  answers: { 200: { description: 'It lives.', schema: z.object({ status: z.literal('ok') }) } },
  errors: [],
  handle: () => json({ status: 'ok' }),
});

export const readyz = defineRoute({
  method: 'GET',
  path: '/readyz',
  id: 'readyz',
  summary: 'The broker has read its store and hands out sessions.',
  tag: 'system',
  roles: 'public',
  answers: { 200: { description: 'Ready.', schema: z.object({ status: z.literal('ready') }) } },
  errors: ['not_ready'],
  handle(services) {
    if (!services.ready()) throw notReady(services);
    const trouble = services.storeTrouble?.() ?? null;
    if (trouble !== null) throw new WheelhouseError('not_ready', trouble, { reason: 'store' });
    return json({ status: 'ready' });
  },
});
