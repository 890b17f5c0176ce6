import { z } from 'zod';
import { acquireBodySchema } from '@shared/session';
import { idSchema, sessionIdSchema } from '@shared/ids';
import { poolFor } from '../access';
import { json } from '../reply';
import { defineRoute, everyone } from '../route';
import { poolParams } from './pools';

/** Windows 365's checkout. `connectivityUrl` is there for its clients and always null, as theirs is. */
const checkoutSchema = z.object({
  sessionId: sessionIdSchema,
  status: z.literal('Succeeded'),
  connectivityUrl: z.null(),
  computerUrl: z.string(),
  screenshareUrl: z.string(),
  /** Its home, where it has one beyond its machine: what a later request names to have it again. */
  homeId: idSchema.optional(),
});

export const acquireSession = defineRoute({
  method: 'POST',
  path: '/api/pools/{id}/sessions',
  id: 'acquireSession',
  summary: 'Acquires a desktop. The same x-ms-sessionId gives the same session for as long as it lives.',
  tag: 'sessions',
  roles: everyone,
  params: poolParams,
  headers: z.object({ 'x-ms-sessionid': z.uuidv4().optional() }),
  body: acquireBodySchema,
  answers: { 200: { description: 'The session is live.', schema: checkoutSchema } },
  errors: [
    'not_found',
    'key_reused',
    'conflict',
    'not_supported',
    'pool_paused',
    'queue_full',
    'session_limit',
    'acquire_timeout',
    'not_ready',
    'backend_unreachable',
  ],
  async handle(services, { params, headers, body, caller, baseUrl, signal }) {
    poolFor(services, caller, params.id);
    const session = await services.broker.acquire(
      { ...body, poolId: params.id, sessionId: headers['x-ms-sessionid'], caller },
      signal,
    );
    return json({
      sessionId: session.sessionId,
      status: 'Succeeded',
      connectivityUrl: null,
      computerUrl: computerUrl(baseUrl, session.computerId),
      screenshareUrl: `${baseUrl.replace(/^http/, 'ws')}/api/sessions/${session.sessionId}/screen`,
      ...(session.home ? { homeId: session.home.homeId } : {}),
    });
  },
});

/**
 * Carries a query string, as Windows 365's does, and works as it stands. Clients are known to append "/mcp" to it as
 * text; that lands in the query's value, which is not read, so the address still means the same computer.
 */
export const computerUrl = (baseUrl: string, computerId: string): string =>
  `${baseUrl}/computers/${computerId}?api-version=1.0`;
