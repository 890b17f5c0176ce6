import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { ErrorCode } from '@shared/errors';
import type { Caller } from '../base/caller';
import type { Role } from './identity';
import type { ServerLimits } from './limits';
import type { Services } from './services';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What a route's handler is given; everything in it has passed its schema. */
export interface Call<P, Q, H, B> {
  params: P;
  query: Q;
  headers: H;
  body: B;
  caller: Caller;
  requestId: string;
  /** Our address as this caller sees it: http://host:port. */
  baseUrl: string;
  /** Aborted when the caller goes away before the answer is complete. */
  signal: AbortSignal;
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  limits: ServerLimits;
}

export interface Answer {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
}

/**
 * One verb on one path: what it takes and gives, by schema, and the function that does it. The router and /openapi.json
 * are both made from these, so that the description can't drift from what runs.
 */
export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  H extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  method: Method;
  /** With {name} for parameters, as OpenAPI writes them. */
  path: string;
  id: string;
  summary: string;
  tag: 'system' | 'pools' | 'machines' | 'homes' | 'sessions' | 'control' | 'screen' | 'record' | 'agent';
  /** 'public': without a token. */
  roles: readonly Role[] | 'public';
  params?: P;
  query?: Q;
  /** Names in lower case. */
  headers?: H;
  body?: B;
  /** The body is text of this media type instead of JSON; `body` is the schema of the text. */
  textBody?: string;
  /** The handler passes the body on as it came (MCP); its size and depth are still bounded. */
  rawBody?: z.ZodType;
  answers: Record<number, Answer>;
  errors: readonly ErrorCode[];
  handle(
    services: Services,
    call: Call<z.output<P>, z.output<Q>, z.output<H>, z.output<B>>,
  ): Response | Promise<Response>;
}

/** Keeps a route's own types while it is written, and forgets them for the list of all routes. */
export const defineRoute = <P extends z.ZodType, Q extends z.ZodType, H extends z.ZodType, B extends z.ZodType>(
  route: Route<P, Q, H, B>,
): Route => route as unknown as Route;

export const everyone: readonly Role[] = ['agent', 'operator', 'admin'];
export const operators: readonly Role[] = ['operator', 'admin'];
export const admins: readonly Role[] = ['admin'];
