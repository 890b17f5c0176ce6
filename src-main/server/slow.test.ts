import { afterEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import type { ServerLimits } from './limits';
import { bareSocket, rawRequest, until } from './testing/client';
import { fakeServices } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
const start = async (limits: Partial<ServerLimits>) => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services, limits });
};
const host = () => `Host: 127.0.0.1:${server.port}\r\n`;
afterEach(() => server.close());

it('gives up on a sender whose headers never end', async () => {
  await start({ headersTimeoutMs: 100, requestTimeoutMs: 200, connectionsCheckMs: 50 });
  const { socket, heard, closed } = await bareSocket(server.port);
  socket.write('GET /healthz HTTP/1.1\r\nX-Slow: ');
  await closed;
  expect(heard()).toMatch(/^HTTP\/1\.1 408 /);
  expect(heard()).toContain('"code":"timeout"');
});

it('gives up on a sender whose body never ends', async () => {
  await start({ headersTimeoutMs: 100, requestTimeoutMs: 200, connectionsCheckMs: 50 });
  const { socket, closed } = await bareSocket(server.port);
  const token = rooms.token('admin');
  socket.write(
    `POST /api/pools HTTP/1.1\r\n${host()}Authorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"disp`,
  );
  await closed;
  expect((await rawRequest(`${server.url}/healthz`)).status).toBe(200);
});

it('answers what is not HTTP, and headers without end, in the one shape', async () => {
  await start({});
  const rubbish = await bareSocket(server.port);
  rubbish.socket.write('RFB 003.008\n\r\n\r\n');
  await rubbish.closed;
  expect(rubbish.heard()).toContain('"code":"bad_request"');
  const long = await bareSocket(server.port);
  long.socket.write(`GET /healthz HTTP/1.1\r\n${host()}X-Long: ${'x'.repeat(40_000)}\r\n\r\n`);
  await long.closed;
  expect(long.heard()).toMatch(/^HTTP\/1\.1 431 /);
  const nameless = await bareSocket(server.port);
  nameless.socket.write('GET /healthz HTTP/1.0\r\n\r\n');
  await nameless.closed;
  expect(nameless.heard()).toContain('"code":"host_refused"');
});

it('drops an event reader that takes nothing, with nothing piling up', async () => {
  await start({ stalledReaderMs: 300, eventRing: 50 });
  const subscribed = rooms.bus.size;
  const { socket, closed } = await bareSocket(server.port);
  socket.write(`GET /api/events HTTP/1.1\r\n${host()}Authorization: Bearer ${rooms.token('operator')}\r\n\r\n`);
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  const big = 'x'.repeat(200_000);
  const announce = setInterval(() => {
    rooms.bus.emit({ event: 'pool_deleted', data: { id: big } });
  }, 2);
  const other = await rawRequest(`${server.url}/healthz`);
  expect(other.status).toBe(200);
  socket.on('close', () => clearInterval(announce));
  // A paused socket hears of the end only once it reads again; the server's side is what is asked about here.
  await until(() => rooms.bus.size === subscribed, 'the server keeps its own subscriptions alone');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  socket.resume();
  await closed;
  clearInterval(announce);
});
