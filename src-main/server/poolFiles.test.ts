import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import { rawRequest } from './testing/client';
import { fakeServices } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
beforeEach(async () => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services });
});
afterEach(() => server.close());

const call = (method: string, path: string, token?: string, body?: string, type = 'application/yaml') =>
  rawRequest(server.url + path, {
    method,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': type } : {}) },
    ...(body === undefined ? {} : { body }),
  });

it('gives pools as YAML that names its schema, which anybody may read', async () => {
  const operator = rooms.token('operator');
  for (const path of ['/api/pools/desktop/export', '/api/pools/export']) {
    const answer = await call('GET', path, operator);
    expect([answer.status, answer.headers['content-type']], path).toEqual([200, 'application/yaml; charset=utf-8']);
    const [first, second, third] = answer.text.split('\n');
    expect([second, third]).toEqual(['pools:', '  - id: desktop']);
    const schema = /\$schema=(\S+)$/.exec(first ?? '')?.[1] ?? '';
    expect(schema).toBe(`${server.url}/schemas/pool.json`);
    expect((await call('GET', new URL(schema).pathname)).json).toMatchObject({ type: 'object', required: ['pools'] });
  }
  expect((await call('GET', '/api/pools/nope/export', operator)).status).toBe(404);
  expect((await call('GET', '/api/pools/export', rooms.token('agent'))).status).toBe(403);
});

it('imports as an admin says, and shows what would change before', async () => {
  const admin = rooms.token('admin');
  const file = 'pools:\n  - displayName: desktop\n    warm: { minimum: 1, maximum: 4 }\n  - displayName: Second\n';
  const looked = await call('POST', '/api/pools/import?dryRun=true', admin, file);
  expect(looked.json).toMatchObject({ applied: false, pools: [{ action: 'update' }, { action: 'create', id: null }] });
  expect([...rooms.pools.keys()]).toEqual(['desktop']);
  expect((await call('POST', '/api/pools/import', admin, file)).json).toMatchObject({ applied: true });
  expect(rooms.pools.size).toBe(2);
  const again = await call('POST', '/api/pools/import', admin, file);
  expect(again.json).toMatchObject({ pools: [{ action: 'unchanged' }, { action: 'unchanged' }] });
});

it('refuses what is no file of pools, by path and line, and whoever is no admin', async () => {
  const admin = rooms.token('admin');
  const bad = await call('POST', '/api/pools/import', admin, 'pools:\n  - displayName: A\n    warmth: 3\n');
  expect([bad.status, bad.json]).toEqual([
    400,
    expect.objectContaining({
      error: expect.objectContaining({
        code: 'bad_request',
        details: [{ path: 'pools[0].warmth', message: 'line 3: there is no such field' }],
      }),
    }),
  ]);
  expect((await call('POST', '/api/pools/import', rooms.token('operator'), 'pools: []')).status).toBe(403);
  expect((await call('POST', '/api/pools/import', admin, '{}', 'text/plain')).status).toBe(415);
  expect((await call('POST', '/api/pools/import', admin, ' '.repeat(300_000))).status).toBe(413);
});
