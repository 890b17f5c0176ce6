import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Ids } from '../../base/ids';
import { securityHeaders } from '../reply';

/** Names the request (a caller's own id is kept when it is harmless) and sets what every answer carries. */
export function nameRequest(incoming: IncomingMessage, outgoing: ServerResponse, ids: Ids): string {
  const sent = incoming.headers['x-request-id'];
  const id = typeof sent === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(sent) ? sent : ids.make('req');
  for (const [name, value] of Object.entries(securityHeaders)) outgoing.setHeader(name, value);
  outgoing.setHeader('x-request-id', id);
  return id;
}

export const requestIdOf = (outgoing: ServerResponse): string => String(outgoing.getHeader('x-request-id') ?? '');
