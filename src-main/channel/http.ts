import { readRequestBody } from '@modelcontextprotocol/server';
import { errorBody, type WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';

/** JSON-RPC messages of at most 4 MiB, in and out. */
export const messageLimit = 4 * 1024 * 1024;

export const rpcError = (
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response => Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status, headers });

/** A failure of the address itself (not the caller's, gone, not ready), in the shape of every other HTTP answer. */
export function httpError(error: WheelhouseError, ids: Ids, request: Request): Response {
  const requestId = request.headers.get('x-request-id') ?? ids.make('req');
  const headers: Record<string, string> = { 'x-request-id': requestId };
  if (error.code === 'not_ready') headers['retry-after'] = '2';
  return Response.json(errorBody(error, requestId), { status: error.status, headers });
}

/** The message of a POST: parsed once, for both eras. `response`: what is wrong with it. */
export async function readMessage(request: Request): Promise<{ body: unknown } | { response: Response }> {
  if (request.method !== 'POST') {
    return { response: rpcError(405, -32000, 'Method not allowed: POST one message.', { allow: 'POST' }) };
  }
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return { response: rpcError(415, -32000, 'Unsupported media type: Content-Type must be application/json.') };
  }
  try {
    const read = await readRequestBody(request, messageLimit);
    if (read.tooLarge) return { response: rpcError(413, -32000, `A message must not exceed ${messageLimit} bytes.`) };
    return { body: JSON.parse(read.text) };
  } catch {
    return { response: rpcError(400, -32700, 'Parse error: the body is not valid JSON.') };
  }
}

/** Which answers the client can read: `Accept` as sent, where absent, empty and wildcards mean JSON will do. */
export function acceptOf(request: Request): { json: boolean; stream: boolean } {
  const types = (request.headers.get('accept') ?? '')
    .split(',')
    .map((type) => (type.split(';')[0] ?? '').trim().toLowerCase())
    .filter((type) => type !== '');
  return {
    json:
      types.length === 0 ||
      types.some((type) => type === '*/*' || type === 'application/*' || type === 'application/json'),
    stream: types.some((type) => type === 'text/event-stream' || type === 'text/*'),
  };
}
