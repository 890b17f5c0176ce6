import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { silentLogger } from '../../src-main/base/logger';
import { createRelay } from '../../src-main/screen';

/**
 * Our relay alone, in a process of its own as websockify is, on any RFB socket; prints its port. The gate stands before
 * every message as in the app; this viewer holds no control, so only the gate's cheaper half is spared: nothing.
 */
export function serveRelay(socketPath: string): void {
  const relay = createRelay({
    openRfb: () =>
      new Promise((resolve, reject) => {
        const socket = connect(socketPath, () => resolve(socket));
        socket.once('error', reject);
      }),
    policy: { mayInput: () => true, onInput() {}, onOpened() {}, onClosed() {} },
    logger: silentLogger,
  });
  const http = createServer();
  const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 1024 * 1024 });
  let viewers = 0;
  sockets.on('connection', (socket) => {
    viewers += 1;
    const viewer = { viewerId: `v${viewers}`, sessionId: 'bench-session', operator: 'bench' };
    relay.attach(socket, viewer, { machineId: 'm', path: socketPath, secret: '' });
  });
  http.listen(0, '127.0.0.1', () => console.log(String((http.address() as AddressInfo).port)));
}
