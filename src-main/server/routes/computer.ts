import { z } from 'zod';
import { idSchema } from '@shared/ids';
import { WheelhouseError } from '../../base/errors';
import { ownsSession, unknownSession } from '../access';
import { defineRoute, type Call, type Method, type Route } from '../route';
import type { Services } from '../services';
import { asWebRequest, mcpAnswers, mcpMessageSchema } from './mcp';

const params = z.object({ computerId: idSchema });
const headers = z.object({ 'x-ms-computerid': z.string().optional() });
type ComputerCall = Call<z.output<typeof params>, unknown, z.output<typeof headers>, unknown>;

/** The agent's channel to one computer. Its own agent and admins; to another agent it does not exist. */
async function handle(services: Services, call: ComputerCall): Promise<Response> {
  const { computerId } = call.params;
  const named = call.headers['x-ms-computerid'];
  if (named !== undefined && named !== computerId) {
    throw new WheelhouseError('bad_request', 'x-ms-computerId names another computer than the path.');
  }
  const session = services.broker.sessions.byComputer(computerId, call.caller);
  if (!ownsSession(call.caller, session)) throw unknownSession();
  return services.channel.handleComputer(asWebRequest(call), { session, caller: call.caller });
}

/** Both with and without /mcp, since clients put it at the wrong end of an address that carries a query. */
export const computerRoutes: Route[] = (['', '/mcp'] as const).flatMap((suffix) =>
  (['POST', 'GET', 'DELETE'] as Method[]).map((method) =>
    defineRoute({
      method,
      path: `/computers/{computerId}${suffix}`,
      id: `computer${method}${suffix ? 'Mcp' : ''}`,
      summary: 'The agent’s channel: MCP over streamable HTTP, in both eras.',
      tag: 'agent',
      roles: ['agent', 'admin'],
      params,
      headers,
      rawBody: mcpMessageSchema,
      answers: mcpAnswers,
      errors: ['session_gone', 'not_ready', 'unsupported_protocol', 'too_large', 'unsupported_media'],
      handle,
    }),
  ),
);
