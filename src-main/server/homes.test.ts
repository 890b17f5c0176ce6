import { request } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import type { ServerLimits } from './limits';
import { bareSocket, rawRequest, until } from './testing/client';
import { fakeServices } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
const start = async (limits?: Partial<ServerLimits>) => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services, limits });
};
beforeEach(() => start());
afterEach(() => server.close());
const call = (method: string, path: string, token: string) =>
  rawRequest(server.url + path, { method, headers: { authorization: `Bearer ${token}` } });

/** Pieces without end, made only as they are taken. */
function endless() {
  const piece = Buffer.alloc(65_536, 'x');
  const state = { given: 0, ended: false };
  const stream = new Readable({
    read() {
      state.given += piece.length;
      this.push(piece);
    },
    destroy(_error, done) {
      state.ended = true;
      done(null);
    },
  });
  return { state, stream };
}

it('shows agents their own homes alone, and people all of them', async () => {
  rooms.homes.add('h_one00001', { caller: 'one' });
  rooms.homes.add('h_two00001', { caller: 'two', poolId: 'other' });
  rooms.homes.add('h_two00002', { caller: 'two', sessionId: 'session-1' });
  const [one, operator] = [rooms.token('agent', 'one'), rooms.token('operator')];
  const ids = async (path: string, token: string) => {
    const { json } = await call('GET', path, token);
    return (json.data as { homeId: string }[]).map(({ homeId }) => homeId);
  };
  expect(await ids('/api/homes', one)).toEqual(['h_one00001']);
  expect(await ids('/api/homes?caller=two', one)).toEqual([]);
  expect(await ids('/api/homes?limit=2', operator)).toEqual(['h_one00001', 'h_two00001']);
  expect(await ids('/api/homes?after=h_two00001', operator)).toEqual(['h_two00002']);
  expect(await ids('/api/homes?pool=other', operator)).toEqual(['h_two00001']);
  expect(await ids('/api/homes?caller=one', operator)).toEqual(['h_one00001']);
  expect((await call('GET', '/api/homes/h_one00001', one)).json).toMatchObject({ caller: 'one', state: 'kept' });
  for (const [method, path] of [
    ['GET', '/api/homes/h_two00001'],
    ['DELETE', '/api/homes/h_two00001'],
    ['GET', '/api/homes/h_two00001/content'],
    ['GET', '/api/homes/h_never001'],
  ] as const) {
    const answer = await call(method, path, one);
    expect([answer.status, answer.json.error.code], `${method} ${path}`).toEqual([404, 'not_found']);
  }
});

it('tells nobody whether another token’s home exists', async () => {
  rooms.homes.add('h_two00001', { caller: 'two' });
  const one = rooms.token('agent', 'one');
  const said = async (method: string, homeId: string, rest = '') => {
    const { status, json } = await call(method, `/api/homes/${homeId}${rest}`, one);
    const { request_id: _id, ...more } = json.error.additionalInfo as Record<string, unknown>;
    return JSON.stringify([status, { ...json.error, additionalInfo: more }]).replaceAll(homeId, 'it');
  };
  for (const [method, rest] of [['GET'], ['DELETE'], ['GET', '/content']] as const)
    expect(await said(method, 'h_two00001', rest)).toBe(await said(method, 'h_never001', rest));
});

it('shows nothing of a home to others while its session is held privately, also not the rest of what is being read', async () => {
  const { state, stream } = endless();
  const isPrivate = { kind: 'human', holder: 'op', private: true } as const;
  rooms.homes.add('h_mine0001', { caller: 'one', sessionId: 'session-1' }, () => stream);
  const path = '/api/homes/h_mine0001/content';
  const headers = { authorization: `Bearer ${rooms.token('agent', 'one')}` };
  const sent = request(server.url + path, { headers });
  const broken = new Promise<void>((resolve) => sent.on('error', () => resolve()).on('close', resolve));
  const begun = new Promise<void>((resolve) =>
    sent.on('response', (answer) => {
      answer.on('error', () => undefined);
      answer.on('data', () => resolve());
    }),
  );
  sent.end();
  await begun;
  rooms.hold('session-2', isPrivate);
  expect(state.ended).toBe(false);
  rooms.hold('session-1', isPrivate);
  await until(() => state.ended, 'the source ends');
  await broken;
  const { status, json } = await rawRequest(server.url + path, { headers });
  expect([status, json.error.code]).toEqual([409, 'control_held']);
  const other = await call('GET', path, rooms.token('operator', 'another'));
  expect(other.json.error.code).toBe('control_held');
  expect((await call('GET', '/api/homes/h_mine0001', rooms.token('agent', 'three'))).status).toBe(404);
});

it('deletes what nobody has', async () => {
  rooms.homes.add('h_one00001', { caller: 'one' });
  rooms.homes.add('h_two00002', { caller: 'two', sessionId: 'session-1' });
  const operator = rooms.token('operator');
  expect((await call('DELETE', '/api/homes/h_one00001', rooms.token('agent', 'one'))).status).toBe(204);
  expect((await call('GET', '/api/homes/h_one00001', operator)).status).toBe(404);
  const held = await call('DELETE', '/api/homes/h_two00002', operator);
  expect([held.status, held.json.error.code]).toEqual([409, 'conflict']);
});

it('gives all of a home as a file', async () => {
  const parts = ['begin ', 'x'.repeat(300_000), ' end'];
  const length = parts.join('').length;
  const from = () => Readable.from(parts.map((part) => Buffer.from(part)));
  rooms.homes.add('h_files001', { caller: 'one' }, from);
  rooms.homes.add('h_disk0001', { backend: 'qemu', bytes: length }, from);
  const tar = await call('GET', '/api/homes/h_files001/content', rooms.token('agent', 'one'));
  expect(tar.status).toBe(200);
  expect(tar.headers).toMatchObject({
    'content-type': 'application/x-tar',
    'content-disposition': 'attachment; filename="h_files001.tar"',
    'cache-control': 'no-store',
  });
  expect(tar.text).toBe(parts.join(''));
  const disk = await call('GET', '/api/homes/h_disk0001/content', rooms.token('operator'));
  expect(disk.headers).toMatchObject({
    'content-length': String(length),
    'content-disposition': 'attachment; filename="h_disk0001.qcow2"',
  });
  expect(disk.text).toBe(parts.join(''));
});

it('ends the stream with the caller, and answers others meanwhile', async () => {
  const { state, stream } = endless();
  let aborted = false;
  rooms.homes.add('h_endless1', {}, (signal) => {
    signal.addEventListener('abort', () => (aborted = true));
    return stream;
  });
  const headers = { authorization: `Bearer ${rooms.token('operator')}` };
  const sent = request(`${server.url}/api/homes/h_endless1/content`, { headers });
  sent.on('error', () => undefined);
  const answered = new Promise<void>((resolve) => sent.on('response', (answer) => answer.once('data', resolve)));
  sent.end();
  await answered;
  expect((await rawRequest(`${server.url}/healthz`)).status).toBe(200);
  expect(state.ended).toBe(false);
  sent.destroy();
  await until(() => state.ended && aborted, 'the source ends');
});

it('reads no faster than the caller takes, and drops one that takes nothing', async () => {
  await server.close();
  await start({ stalledReaderMs: 200 });
  const { state, stream } = endless();
  rooms.homes.add('h_endless1', {}, () => stream);
  const { socket } = await bareSocket(server.port);
  socket.write(
    `GET /api/homes/h_endless1/content HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nAuthorization: Bearer ${rooms.token('operator')}\r\n\r\n`,
  );
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  await until(() => state.ended, 'the source ends');
  // What fits the sockets’ buffers on the way, and not the gigabytes that there would be.
  expect(state.given).toBeLessThan(64 * 1024 * 1024);
  socket.destroy();
});

it('never passes half of a home off as all of it', async () => {
  const breaks = async function* () {
    yield Buffer.alloc(300_000, 'x');
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw new Error('the container went away');
  };
  rooms.homes.add('h_broken01', {}, () => Readable.from(breaks()));
  const operator = rooms.token('operator');
  await expect(call('GET', '/api/homes/h_broken01/content', operator)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
  expect((await rawRequest(`${server.url}/healthz`)).status).toBe(200);
});

it('bounds how many are read at once, and frees their places', async () => {
  const open = Array.from({ length: 8 }, endless);
  for (const [at, { stream }] of open.entries()) rooms.homes.add(`h_endless${at}`, {}, () => stream);
  rooms.homes.add('h_small001', {});
  const headers = { authorization: `Bearer ${rooms.token('operator')}` };
  const calls = await Promise.all(
    open.map(
      (_, at) =>
        new Promise<ReturnType<typeof request>>((resolve) => {
          const sent = request(`${server.url}/api/homes/h_endless${at}/content`, { headers, agent: false });
          sent.on('error', () => undefined);
          sent.on('response', (answer) => (answer.once('data', () => answer.pause()), resolve(sent)));
          sent.end();
        }),
    ),
  );
  const small = () => rawRequest(`${server.url}/api/homes/h_small001/content`, { headers });
  const refused = await small();
  expect([refused.status, refused.json.error.code, refused.headers['retry-after']]).toEqual([429, 'too_many', '2']);
  for (const sent of calls) sent.destroy();
  await until(() => open.every(({ state }) => state.ended), 'all sources end');
  await expect.poll(async () => (await small()).text).toBe('h_small001');
});

it('lets no agent take all places', async () => {
  const open = [0, 1, 2].map(() => endless());
  for (const [at, { stream }] of open.entries()) rooms.homes.add(`h_endless${at}`, { caller: 'one' }, () => stream);
  rooms.homes.add('h_two00001', { caller: 'two' });
  const headers = { authorization: `Bearer ${rooms.token('agent', 'one')}` };
  const take = (at: number) =>
    new Promise<ReturnType<typeof request>>((resolve) => {
      const sent = request(`${server.url}/api/homes/h_endless${at}/content`, { headers, agent: false });
      sent.on('error', () => undefined);
      sent.on('response', (answer) => (answer.once('data', () => answer.pause()), resolve(sent)));
      sent.end();
    });
  const calls = [await take(0), await take(1)];
  expect((await rawRequest(`${server.url}/api/homes/h_endless2/content`, { headers })).status).toBe(429);
  expect((await call('GET', '/api/homes/h_two00001/content', rooms.token('agent', 'two'))).text).toBe('h_two00001');
  for (const sent of calls) sent.destroy();
  await until(() => open.slice(0, 2).every(({ state }) => state.ended), 'both sources end');
  (await take(2)).destroy();
});
