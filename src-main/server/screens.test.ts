import { afterEach, beforeEach, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startServer, type RunningServer } from './index';
import type { ServerLimits } from './limits';
import { rawRequest, until } from './testing/client';
import { fakeServices, fakeSession } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
const start = async (limits?: Partial<ServerLimits>) => {
  rooms = fakeServices();
  rooms.sessions.set('mine-0001', fakeSession('mine-0001', 'agent'));
  rooms.sessions.set('other-001', fakeSession('other-001', 'agent'));
  server = await startServer({ port: 0, services: rooms.services, limits });
};
beforeEach(() => start());
afterEach(() => server.close());

const ticket = async (name = 'op', mode = 'view'): Promise<{ url: string; ticket: string }> => {
  const answer = await rawRequest(`${server.url}/api/sessions/mine-0001/screen-tickets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rooms.token('operator', name)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ mode }),
  });
  expect(answer.status).toBe(201);
  return answer.json;
};
/** How an upgrade ended: opened, or the status and code it was refused with. */
const tryOpen = (url: string, headers: Record<string, string> = {}): Promise<string> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, ['binary'], { headers });
    socket.on('message', (data: Buffer) => {
      resolve(`open ${socket.protocol} ${data.toString().trim()}`);
      socket.close();
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (part) => (text += part));
      response.on('end', () => resolve(`${response.statusCode} ${JSON.parse(text).error.code}`));
    });
    socket.on('error', () => undefined);
  });

it('opens a screen once per ticket, as its operator', async () => {
  const { url } = await ticket('ann', 'interactive');
  expect(await tryOpen(url)).toBe('open binary RFB 003.008');
  expect(rooms.screens[0]).toMatchObject({ viewer: { sessionId: 'mine-0001', operator: 'ann' }, mode: 'interactive' });
  expect(await tryOpen(url)).toBe('401 unauthorized');
});

it('refuses foreign pages, other names, other paths and other sessions', async () => {
  const made = await ticket();
  expect(await tryOpen(made.url, { origin: 'https://evil.example' })).toBe('403 origin_refused');
  expect(await tryOpen(made.url, { host: 'evil.example' })).toBe('403 host_refused');
  expect(await tryOpen(made.url.replace('/screen', '/other'))).toBe('404 not_found');
  expect(await tryOpen(made.url.split('?')[0]!)).toBe('401 unauthorized');
  expect(await tryOpen(`${made.url}x`)).toBe('401 unauthorized');
  // None of those spent it; presenting it to another session does.
  expect(await tryOpen(made.url, { origin: 'app://wheelhouse' })).toMatch(/^open/);
  const second = await ticket('op2');
  expect(await tryOpen(second.url.replace('mine-0001', 'other-001'))).toBe('401 unauthorized');
  expect(await tryOpen(second.url)).toBe('401 unauthorized');
  const third = await ticket('op3');
  rooms.sessions.delete('mine-0001');
  expect(await tryOpen(third.url)).toBe('404 session_gone');
});

it('caps how many are watched', async () => {
  await server.close();
  await start({ maxScreens: 1 });
  const [first, second] = [await ticket('a'), await ticket('b')];
  const socket = new WebSocket(first.url);
  await until(() => socket.readyState === WebSocket.OPEN, 'the first opens');
  expect(await tryOpen(second.url)).toBe('429 too_many');
  socket.terminate();
});

it('drops a viewer that sends a message beyond the limit', async () => {
  const { url } = await ticket();
  const socket = new WebSocket(url);
  let code = 0;
  socket.on('close', (closedWith) => (code = closedWith));
  socket.on('error', () => undefined);
  await until(() => socket.readyState === WebSocket.OPEN, 'it opens');
  rooms.screens[0]!.socket.on('error', () => undefined);
  socket.send(Buffer.alloc(2 * 1024 * 1024));
  await until(() => code !== 0, 'it is closed');
  expect(code).toBe(1009);
});

it('ends the screens of a token that is withdrawn, and no others', async () => {
  const { token, secret } = rooms.identity.create({ name: 'leaver', role: 'operator' });
  const made = async () =>
    (
      await rawRequest(`${server.url}/api/sessions/mine-0001/screen-tickets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: '{"mode":"interactive"}',
      })
    ).json.url as string;
  const [opened, waiting, stays] = [await made(), await made(), (await ticket('stayer')).url];
  const sockets = [new WebSocket(opened), new WebSocket(stays)];
  await until(() => sockets.every((socket) => socket.readyState === WebSocket.OPEN), 'both open');
  rooms.identity.withdraw(token.tokenId);
  expect(await tryOpen(waiting)).toBe('401 unauthorized');
  await until(() => sockets[0]!.readyState === WebSocket.CLOSED, 'the withdrawn one is cut');
  expect(sockets[1]!.readyState).toBe(WebSocket.OPEN);
  sockets[1]!.terminate();
});
