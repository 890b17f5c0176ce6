import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { sessionIdSchema } from '@shared/ids';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import { notReady } from './access';
import { refusal, type GatePolicy } from './gate';
import type { ServerLimits } from './limits';
import { sendRawError } from './reply';
import type { ScreenOwners } from './screenOwners';
import type { Services } from './services';

const screenPath = /^\/api\/sessions\/([^/]+)\/screen$/;
/** The largest message a viewer may send: a clipboard of a megabyte and its header. */
const maxViewerMessage = 1024 * 1024 + 4096;

/** WebSocket upgrades: the screens of sessions, opened by a ticket. Every refusal is an HTTP answer in the one shape. */
export function createScreens(options: {
  services: Services;
  owners: ScreenOwners;
  gate: () => GatePolicy;
  limits: ServerLimits;
}) {
  const { services, owners, gate, limits } = options;
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: maxViewerMessage,
    handleProtocols: (offered) => (offered.has('binary') ? 'binary' : false),
  });
  /** Upgrades under way, the one that asks included. */
  let pending = 0;

  const admit = async (incoming: IncomingMessage, signal: AbortSignal) => {
    const refused = refusal(incoming.headers, gate());
    if (refused) throw refused;
    if (incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
      throw new WheelhouseError('bad_request', 'Only WebSocket upgrades are served.');
    }
    if (!URL.canParse(incoming.url ?? '/', 'http://localhost')) {
      throw new WheelhouseError('bad_request', 'That is not an address.');
    }
    const url = new URL(incoming.url ?? '/', 'http://localhost');
    const id = sessionIdSchema.safeParse(screenPath.exec(url.pathname)?.[1]);
    if (!id.success) throw new WheelhouseError('not_found', 'There is no WebSocket at this path.');
    if (sockets.clients.size + pending > limits.maxScreens) {
      throw new WheelhouseError('too_many', 'Too many screens are being watched.', { retryAfterMs: 5_000 });
    }
    const ticket = url.searchParams.get('ticket');
    if (!ticket || ticket.length > 256) throw new WheelhouseError('unauthorized', 'A screen needs a ticket.');
    if (!services.ready()) throw notReady(services);
    const tokenId = owners.take(ticket);
    const grant = services.tickets.redeem(ticket);
    if (tokenId !== null && !services.identity.stands(tokenId)) {
      throw new WheelhouseError('unauthorized', 'The token behind this ticket was withdrawn.');
    }
    if (grant.sessionId !== id.data) throw new WheelhouseError('unauthorized', 'The ticket is for another session.');
    // A suspended one comes back for its viewer; who hangs up meanwhile waits no longer.
    const { target } = await services.broker.connect(id.data, { signal });
    return { grant, target, tokenId };
  };

  return {
    async upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
      const onError = () => socket.destroy();
      socket.on('error', onError);
      const gone = new AbortController();
      const onClose = () => gone.abort(new WheelhouseError('timeout', 'The viewer went away.'));
      socket.once('close', onClose);
      pending++;
      try {
        const { grant, target, tokenId } = await admit(incoming, gone.signal);
        if (socket.destroyed) return;
        socket.off('error', onError);
        sockets.handleUpgrade(incoming, socket, head, (client) => {
          const viewer = {
            viewerId: services.ids.make('v'),
            sessionId: grant.sessionId,
            operator: grant.operator,
          };
          if (tokenId !== null) owners.follow(client, tokenId);
          services.openScreen(client, viewer, grant.mode, target);
        });
      } catch (thrown) {
        const error = asWheelhouseError(thrown);
        if (error.code === 'internal') services.logger.warn({ err: thrown }, 'screen upgrade failed');
        sendRawError(socket, error, services.ids.make('req'));
      } finally {
        socket.off('close', onClose);
        pending--;
      }
    },
    close(): void {
      owners.close();
      for (const client of sockets.clients) client.terminate();
      sockets.close();
    },
  };
}
