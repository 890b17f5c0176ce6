import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
  type McpHttpHandler,
} from '@modelcontextprotocol/server';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import { acceptOf, messageLimit, rpcError } from './http';
import { createServer, type Binding } from './mcpServer';

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

const wantsProgress = (message: unknown): boolean =>
  record(record(record(message)['params'])['_meta'])['progressToken'] !== undefined;

/** Two requests of one batch under one id could not both be answered. */
function repeatsAnId(batch: readonly unknown[]): boolean {
  const ids = batch.map((message) => record(message)['id']).filter((id) => id !== undefined);
  return new Set(ids).size !== ids.length;
}

/**
 * Serves one message of either era of MCP on one address. 2026-07-28 goes through the package's own handler. The earlier
 * revisions are served statelessly too, by our own few lines around its transport, because its stateless fallback
 * answers only clients that accept both JSON and event streams, and always by a stream: Windows 365's kind of client
 * (one POST, one JSON answer, no initialize) needs less, and JSON is quicker. A stream is opened when progress was asked for.
 */
export class McpServing {
  private readonly bindings = new WeakMap<Request, Binding>();
  private readonly modern: McpHttpHandler;

  constructor(private readonly logger: Logger) {
    this.modern = createMcpHandler(({ requestInfo }) => createServer(this.bindingOf(requestInfo)), {
      legacy: 'reject',
      maxRequestBodySize: messageLimit,
      maxSubscriptions: 64,
      onerror: (error) => this.report(error),
    });
  }

  async serve(request: Request, body: unknown, binding: Omit<Binding, 'streams'>): Promise<Response> {
    const accept = acceptOf(request);
    if (!accept.json && !accept.stream) {
      return rpcError(406, -32000, 'Not acceptable: the answer is application/json or text/event-stream.');
    }
    if (await isLegacyRequest(request, body)) return this.serveLegacy(request, body, binding, accept);
    this.bindings.set(request, { ...binding, streams: accept.stream });
    return this.modern.fetch(request, { parsedBody: body });
  }

  /** 2025-11-25 and earlier, also 2024-11-05 without initialize. A lost connection does not cancel what runs. */
  private async serveLegacy(
    request: Request,
    body: unknown,
    binding: Omit<Binding, 'streams'>,
    accept: { json: boolean; stream: boolean },
  ): Promise<Response> {
    const messages = Array.isArray(body) ? body : [body];
    if (messages.length > 1 && repeatsAnId(messages))
      return rpcError(400, -32600, 'Invalid request: an id is used twice in one batch.');
    const streams = accept.stream && (!accept.json || messages.some(wantsProgress));
    const server = createServer({ ...binding, streams });
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: !streams,
      maxRequestBodySize: messageLimit,
    });
    transport.onerror = (error) => this.report(error);
    await server.connect(transport);
    const response = await transport.handleRequest(acceptingBoth(request), { parsedBody: body });
    if (!streams) void server.close().catch((error: unknown) => this.report(error));
    return response;
  }

  private bindingOf(request: Request | undefined): Binding {
    const binding = request && this.bindings.get(request);
    if (!binding) throw new WheelhouseError('internal', 'A request came without its binding.');
    return binding;
  }

  private report(error: unknown): void {
    this.logger.debug({ err: error }, 'mcp');
  }

  close(): Promise<void> {
    return this.modern.close();
  }
}

/** The transport insists on both types, as the specification of clients does; what the client can read was settled above. */
function acceptingBoth(request: Request): Request {
  const accept = request.headers.get('accept') ?? '';
  if (accept.includes('application/json') && accept.includes('text/event-stream')) return request;
  const headers = new Headers(request.headers);
  headers.set('accept', 'application/json, text/event-stream');
  return new Request(request.url, { method: 'POST', headers });
}
