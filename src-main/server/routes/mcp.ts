import { z } from 'zod';
import { defineRoute, type Answer, type Call, type Method, type Route } from '../route';

/** One JSON-RPC message (or, in the older era, several): validated by the channel, which knows the protocol. */
export const mcpMessageSchema = z.union([
  z.record(z.string(), z.unknown()),
  z.array(z.record(z.string(), z.unknown())),
]);

export const mcpAnswers: Record<number, Answer> = {
  200: { description: 'The answer: JSON, or a stream of events.', schema: mcpMessageSchema },
  202: { description: 'A notification was taken.' },
};

/** The request as the MCP library takes it, with the body that was read within bounds. */
export function asWebRequest(call: Call<unknown, unknown, unknown, unknown>): Request {
  const { incoming } = call;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    // The token stops here: tools and their logs have no use for it.
    if (value === undefined || name === 'authorization' || name === 'content-length') continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request(`${call.baseUrl}${incoming.url}`, {
    method: incoming.method,
    headers,
    body: call.body instanceof Uint8Array ? new Uint8Array(call.body) : null,
    signal: call.signal,
  });
}

export const mcpRoutes: Route[] = (['POST', 'GET', 'DELETE'] as Method[]).map((method) =>
  defineRoute({
    method,
    path: '/mcp',
    id: `mcp${method}`,
    summary: 'One address for everything: start_session, end_session, and the tools with sessionId implied.',
    tag: 'agent',
    roles: ['agent', 'admin'],
    rawBody: mcpMessageSchema,
    answers: mcpAnswers,
    errors: ['unsupported_protocol', 'too_large', 'unsupported_media'],
    handle: (services, call) => services.channel.handleRoot(asWebRequest(call), call.caller),
  }),
);
