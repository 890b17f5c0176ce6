import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import { rawRequest, until } from './testing/client';
import { fakeServices } from './testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
beforeEach(async () => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services });
});
afterEach(() => server.close());
const call = (method: string, path: string, token: string, body?: unknown) =>
  rawRequest(server.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

it('says what it does while it stops, and begins nothing', async () => {
  const admin = rooms.token('admin');
  rooms.state.stopping = true;
  for (const [method, path] of [
    ['POST', '/api/pools/desktop/sessions'],
    ['GET', '/api/sessions'],
    ['POST', '/mcp'],
  ] as const) {
    const answer = await call(method, path, admin, method === 'POST' ? {} : undefined);
    expect([answer.status, answer.json.error.code], path).toEqual([503, 'not_ready']);
    expect(answer.json.error).toMatchObject({
      message: expect.stringContaining('Wheelhouse is stopping'),
      additionalInfo: { stopping: true },
    });
    expect(answer.headers['retry-after']).toBe('10');
  }
  expect((await rawRequest(`${server.url}/readyz`)).status).toBe(503);
  expect((await rawRequest(`${server.url}/healthz`)).status).toBe(200);
  expect(rooms.acquired).toEqual([]);
});

it('waits for what is being answered, and not for streams without an end', async () => {
  const agent = rooms.token('agent');
  const open = new AbortController();
  const headers = { authorization: `Bearer ${agent}` };
  const stream = await fetch(`${server.url}/api/events`, { headers, signal: open.signal });
  expect(stream.status).toBe(200);
  expect(await server.settled(1)).toBe(0);

  let finish = (): void => undefined;
  const { acquire } = rooms.services.broker;
  rooms.services.broker.acquire = async (request, signal) => {
    await new Promise<void>((resolve) => (finish = resolve));
    return acquire(request, signal);
  };
  const begun = call('POST', '/api/pools/desktop/sessions', agent, {});
  const one = finish;
  await until(() => finish !== one, 'the request is under way');
  expect(await server.settled(20)).toBe(1);
  const settled = server.settled(60_000);
  finish();
  expect((await begun).status).toBe(200);
  expect(await settled).toBe(0);
  open.abort();
});

it('keeps what becomes of machines at a stop', async () => {
  const [operator, admin] = [rooms.token('operator'), rooms.token('admin')];
  expect((await call('GET', '/api/settings', operator)).json).toEqual({ onStop: null });
  expect((await call('PATCH', '/api/settings', admin, { onStop: 'destroy' })).json).toEqual({ onStop: 'destroy' });
  expect((await call('PATCH', '/api/settings', admin, {})).json).toEqual({ onStop: 'destroy' });
  expect((await call('PATCH', '/api/settings', admin, { onStop: null })).json).toEqual({ onStop: null });
  expect((await call('PATCH', '/api/settings', admin, { onStop: 'explode' })).status).toBe(400);
  expect((await call('PATCH', '/api/settings', operator, { onStop: 'keep' })).status).toBe(403);
  expect((await call('GET', '/api/settings', rooms.token('agent'))).status).toBe(403);
});

it('describes what it serves of homes, machines and capacity', async () => {
  const { json } = await call('GET', '/openapi.json', rooms.token('agent'));
  const served = Object.entries(json.paths as Record<string, object>).flatMap(([path, verbs]) =>
    Object.keys(verbs).map((verb) => `${verb.toUpperCase()} ${path}`),
  );
  expect(served).toEqual(
    expect.arrayContaining([
      'GET /api/homes',
      'GET /api/homes/{id}',
      'DELETE /api/homes/{id}',
      'GET /api/homes/{id}/content',
      'GET /api/capacity',
      'PUT /api/capacity',
      'POST /api/pools/{id}/retry',
      'GET /api/pools/{id}/machines',
      'GET /api/machines/{id}',
      'DELETE /api/machines/{id}',
      'POST /api/machines/{id}/run',
      'POST /api/machines/{id}/keep',
      'POST /api/sessions/{id}/suspend',
      'POST /api/sessions/{id}/resume',
      'GET /api/settings',
      'PATCH /api/settings',
    ]),
  );
  const acquire = json.paths['/api/pools/{id}/sessions'].post.requestBody.content['application/json'].schema;
  expect(Object.keys(acquire.properties)).toEqual(expect.arrayContaining(['screen', 'idleSeconds', 'homeId']));
});
