import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import { bareSocket, rawRequest, until } from './testing/client';
import { fakeServices } from './testing/fakeServices';

let server: RunningServer;
let token: string;
beforeAll(async () => {
  const rooms = fakeServices();
  token = rooms.token('admin');
  server = await startServer({ port: 0, services: rooms.services, limits: { maxConnections: 40 } });
});
afterAll(() => server.close());

const alive = async () => expect((await rawRequest(`${server.url}/healthz`)).status).toBe(200);

/** Sends a request line with our Host and a good token; the answer's head and body, whatever they are. */
async function send(target: string, more = ''): Promise<string> {
  const { socket, heard, closed } = await bareSocket(server.port);
  const host = `Host: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n`;
  socket.write(Buffer.from(`GET ${target} HTTP/1.1\r\n${host}${more}\r\n`, 'latin1'));
  await closed;
  return heard();
}

it('answers odd targets with a code of its own', async () => {
  for (const target of [
    '//',
    '/%',
    '/%ff',
    '/api/pools/%E0%A4%A',
    '/api/pools/..%2f..%2fx',
    '/api/frames/..%2f..%2fetc%2fpasswd',
    'http://evil.example/api/pools/x',
    '*',
    '/api/pools?limit=%ZZ',
    '/api/pools/__proto__',
    `/${'a'.repeat(9_000)}`,
    '/api/sessions?limit=1&limit=2&order=asc&order=up',
  ]) {
    const text = await send(target);
    expect(text, target).toMatch(/^HTTP\/1\.1 (200|400|404) /);
    expect(text, target).not.toContain('"internal"');
  }
  for (const upgrade of ['websocket', 'h2c']) {
    const handshake = `Upgrade: ${upgrade}\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n`;
    for (const target of ['//', '/healthz', '/api/sessions/%ff/screen?ticket=x']) {
      expect(await send(target, handshake), `${upgrade} ${target}`).toMatch(/^HTTP\/1\.1 40[04] [\s\S]*"code":/);
    }
  }
  await alive();
});

it('survives any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
      const { socket, closed } = await bareSocket(server.port);
      socket.write(bytes);
      socket.end();
      await closed;
    }),
    { numRuns: 100 },
  );
  await alive();
});

it('holds no more connections than it was told', async () => {
  const held = await Promise.all(Array.from({ length: 60 }, () => bareSocket(server.port)));
  let ended = 0;
  for (const each of held) void each.closed.then(() => ended++);
  await until(() => ended >= 20, 'the surplus is dropped');
  for (const each of held) each.socket.destroy();
  await until(() => ended === 60, 'all are closed');
  let status = 0;
  for (let i = 0; i < 50 && status !== 200; i++) {
    status = (await rawRequest(`${server.url}/healthz`).catch(() => ({ status: 0 }))).status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(status).toBe(200);
});
