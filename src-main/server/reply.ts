import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { errorBody, type WheelhouseError } from '../base/errors';

export const jsonType = 'application/json; charset=utf-8';

/** Every answer carries these: nothing we serve is a page, is framed, cached, sniffed or read by another origin. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

export const json = (data: unknown, status = 200): Response =>
  new Response(JSON.stringify(data), { status, headers: { 'content-type': jsonType } });

export const noContent = (): Response => new Response(null, { status: 204 });

/** Headers that belong to an error beside its body. */
export function errorHeaders(error: WheelhouseError): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': jsonType };
  if (error.code === 'unauthorized') headers['www-authenticate'] = 'Bearer realm="wheelhouse"';
  if (error.status === 429 || error.status === 503) headers['retry-after'] = String(retryAfterSeconds(error.data));
  if (error.code === 'method_not_allowed' && Array.isArray(error.data.allow))
    headers.allow = error.data.allow.join(', ');
  // Half-read bodies can't be followed by another request on the same connection.
  if (error.code === 'too_large') headers.connection = 'close';
  return headers;
}

export const errorResponse = (error: WheelhouseError, requestId: string, status: number = error.status): Response =>
  new Response(JSON.stringify(errorBody(error, requestId)), { status, headers: errorHeaders(error) });

/** The same answer for a plain node response, before the router. */
export function sendError(outgoing: ServerResponse<IncomingMessage>, error: WheelhouseError, requestId: string): void {
  outgoing.writeHead(error.status, errorHeaders(error));
  outgoing.end(JSON.stringify(errorBody(error, requestId)));
}

/** The same on a bare socket: refused upgrades, and requests that node could not parse. Closes the socket. */
export function sendRawError(
  socket: Duplex,
  error: WheelhouseError,
  requestId: string,
  status: number = error.status,
): void {
  if (!socket.writable) return void socket.destroy();
  const body = JSON.stringify(errorBody(error, requestId));
  const headers = {
    ...securityHeaders,
    ...errorHeaders(error),
    'x-request-id': requestId,
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}

/** Whole seconds, at least one; rooms say it in seconds or in milliseconds. */
function retryAfterSeconds({ retryAfterSeconds: seconds, retryAfterMs: ms }: Record<string, unknown>): number {
  const wanted = typeof seconds === 'number' ? seconds : typeof ms === 'number' ? ms / 1000 : 2;
  return Math.max(1, Math.ceil(wanted));
}
