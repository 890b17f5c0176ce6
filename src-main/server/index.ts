import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { WheelhouseError } from '../base/errors';
import { Answering } from './answering';
import { createApp } from './app';
import { createEventStreams } from './events/streams';
import { HomeOwners } from './events/homeOwners';
import { seesEvent } from './events/visibility';
import { refusal, type GatePolicy } from './gate';
import { defaultLimits, type ServerLimits } from './limits';
import { nameRequest } from './middleware/requestId';
import { describeApi } from './openapi';
import { sendError, sendRawError } from './reply';
import { allRoutes } from './routes';
import { ScreenOwners } from './screenOwners';
import { createScreens } from './screens';
import type { Services } from './services';

export interface ServerOptions {
  /** 0 picks a free one. */
  port: number;
  /** Loopback unless somebody chose otherwise, in so many words. */
  host?: string;
  allowedHosts?: readonly string[];
  allowedOrigins?: readonly string[];
  limits?: Partial<ServerLimits>;
  services: Services;
}

export interface RunningServer {
  url: string;
  port: number;
  /** Waits until what is being answered has been, at most so long; how many have not. Refuses nothing by itself. */
  settled(ms: number): Promise<number>;
  /** Ends streams and screens, lets answers that are under way finish for at most a second, then cuts them. */
  close(): Promise<void>;
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/**
 * The one HTTP server. A request passes, in this order: node's own limits on time and size of headers; Host and Origin
 * (before anything of it is parsed); then, in the router, token, rate, role and schemas. Errors: conflict when the port
 * is taken, forbidden for an address that is not loopback (this version has no TLS).
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, host = '127.0.0.1' } = options;
  if (!loopback.has(host)) {
    throw new WheelhouseError('forbidden', `Wheelhouse listens on loopback only, not on ${host}: it has no TLS yet.`);
  }
  const limits = { ...defaultLimits, ...options.limits };
  let gate: GatePolicy = { port: options.port, allowedHosts: [], allowedOrigins: [] };
  const homes = new HomeOwners(services.bus, limits.eventRing);
  const streams = createEventStreams({
    bus: services.bus,
    clock: services.clock,
    boot: services.ids.make('e'),
    limits,
    sees: (caller, entry) => seesEvent(services, homes, caller, entry.event),
    stands: (caller) => services.identity.stands(caller.tokenId),
  });
  const owners = new ScreenOwners(services.clock, (tokenId) => services.identity.stands(tokenId));
  const routes = allRoutes({ streams, owners }, (all) => describeApi(all, services.version));
  const app = createApp({ services, routes, limits });
  const screens = createScreens({ services, owners, gate: () => gate, limits });
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });

  const server = createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: limits.connectionsCheckMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxHeaderSize: 16 * 1024,
  });
  server.maxConnections = limits.maxConnections;
  const open = new Answering();
  const answering = new WeakSet<object>();
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    answering.add(incoming.socket);
    open.begin(incoming, outgoing);
    outgoing.once('close', () => answering.delete(incoming.socket));
    const requestId = nameRequest(incoming, outgoing, services.ids);
    const refused = refusal(incoming.headers, gate);
    if (refused) return sendError(outgoing, refused, requestId);
    void answer(incoming, outgoing);
  });
  server.on('upgrade', (incoming, socket, head) => void screens.upgrade(incoming, socket, head));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Rubbish behind a request that is being answered must not be answered in its place.
    if (answering.has(socket)) return void socket.destroy();
    sendRawError(socket, unparsed(error.code), services.ids.make('req'), statusOf(error.code));
  });

  const port = await listen(server, options.port, host);
  gate = { port, allowedHosts: lower(options.allowedHosts), allowedOrigins: lower(options.allowedOrigins) };
  const name = host === '::1' ? '[::1]' : host;
  return {
    url: `http://${name}:${port}`,
    port,
    settled: (ms) => open.settled(ms),
    async close() {
      streams.close();
      homes.close();
      screens.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), 1000);
      await closed;
      clearTimeout(cut);
    },
  };
}

const lower = (names: readonly string[] = []): string[] => names.map((name) => name.toLowerCase());

/** What node itself refuses, in our words: late senders, headers that are too long, and what is not HTTP. */
function unparsed(code: string | undefined): WheelhouseError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new WheelhouseError('timeout', 'The request took too long to arrive.');
  if (code === 'HPE_HEADER_OVERFLOW') return new WheelhouseError('too_large', 'The headers are too long.');
  return new WheelhouseError('bad_request', 'That is not a valid HTTP request.');
}
const statusOf = (code: string | undefined): number =>
  code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const words = taken ? `Port ${port} is in use. Choose another with --port, or 0 for a free one.` : error.message;
      reject(new WheelhouseError(taken ? 'conflict' : 'internal', words, { port, taken }, { cause: error }));
    });
    server.listen({ port, host }, () => resolve((server.address() as AddressInfo).port));
  });
}
