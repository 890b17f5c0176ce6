import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorBodySchema } from '@shared/errors';
import { startServer, type RunningServer } from './index';
import type { ServerLimits } from './limits';
import { fakePool, fakeServices, fakeSession } from './testing/fakeServices';
import { rawRequest } from './testing/client';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
const uuid = '3f2b8c1e-6d4a-4f8e-9b1d-2a7c5e9f0a13';

const start = async (limits?: Partial<ServerLimits>) => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services, limits });
};
const bearer = (token: string, more: Record<string, string> = {}) => ({ authorization: `Bearer ${token}`, ...more });
const json = { 'content-type': 'application/json' };
const call = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
  rawRequest(server.url + path, { method, headers, body: ['POST', 'PATCH'].includes(method) ? body : undefined });

beforeEach(() => start());
afterEach(() => server.close());

describe('who gets in', () => {
  it('asks for a token everywhere but at the two probes', async () => {
    expect((await call('GET', '/healthz')).status).toBe(200);
    expect((await call('GET', '/readyz')).json).toEqual({ status: 'ready' });
    for (const [method, path] of [
      ['GET', '/api/pools'],
      ['GET', '/openapi.json'],
      ['POST', '/mcp'],
      ['PUT', '/api/pools'],
      ['GET', '/nothing'],
      ['OPTIONS', '/api/pools'],
      ['GET', `/api/pools?token=${rooms.token('admin', `in-url-${Math.random()}`)}`],
    ] as const) {
      const answer = await call(method, path);
      expect([answer.status, answer.json?.error.code], `${method} ${path}`).toEqual([401, 'unauthorized']);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
    const wrong = await call('GET', '/api/pools', bearer('whl_admin_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'));
    expect(wrong.status).toBe(401);
  });

  it('refuses every Host but its own, on every method', async () => {
    const headers = bearer(rooms.token('admin'));
    for (const host of ['evil.example', `evil.example:${server.port}`, 'localhost', `127.0.0.1:1`, 'localhost:']) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS', 'PUT']) {
        const answer = await call(method, '/api/pools', { ...headers, host });
        expect([answer.status, answer.json?.error.code], `${method} ${host}`).toEqual([403, 'host_refused']);
      }
    }
    for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      expect((await call('GET', '/api/pools', { ...headers, host: `${host}:${server.port}` })).status).toBe(200);
    }
    const probe = await call('GET', '/healthz', { host: 'evil.example' });
    expect(probe.status).toBe(403);
  });

  it('refuses foreign origins on every method', async () => {
    const headers = bearer(rooms.token('admin'));
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${server.port + 1}`, 'app://other']) {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const answer = await call(method, '/api/pools', { ...headers, origin });
        expect([answer.status, answer.json?.error.code], `${method} ${origin}`).toEqual([403, 'origin_refused']);
      }
    }
    for (const origin of ['app://wheelhouse', server.url]) {
      expect((await call('GET', '/api/pools', { ...headers, origin })).status).toBe(200);
    }
  });

  it('keeps roles apart', async () => {
    const agent = bearer(rooms.token('agent'), json);
    const operator = bearer(rooms.token('operator'), json);
    rooms.sessions.set('mine-0001', fakeSession('mine-0001', 'agent'));
    for (const [method, path, headers] of [
      ['POST', '/api/pools', agent],
      ['POST', '/api/pools', operator],
      ['PATCH', '/api/pools/desktop', agent],
      ['DELETE', '/api/pools/desktop', operator],
      ['POST', '/api/sessions/mine-0001/control', agent],
      ['POST', '/api/sessions/mine-0001/screen-tickets', agent],
      ['POST', '/mcp', operator],
    ] as const) {
      const answer = await call(method, path, headers, '{}');
      expect([answer.status, answer.json?.error.code], `${method} ${path}`).toEqual([403, 'forbidden']);
    }
  });

  it('stops accepting a withdrawn token at once', async () => {
    const { token, secret } = rooms.identity.create({ name: 'short', role: 'agent' });
    expect((await call('GET', '/api/pools', bearer(secret))).status).toBe(200);
    rooms.identity.withdraw(token.tokenId);
    expect((await call('GET', '/api/pools', bearer(secret))).status).toBe(401);
  });

  it('shows an agent its own sessions and pools only', async () => {
    rooms.sessions.set('mine-0001', fakeSession('mine-0001', 'one'));
    rooms.sessions.set('theirs-001', fakeSession('theirs-001', 'two'));
    rooms.pools.set('other', fakePool('other', { assignments: ['two'] }));
    const one = bearer(rooms.token('agent', 'one'), json);
    const list = await call('GET', '/api/sessions', one);
    expect(list.json.data.map((session: { sessionId: string }) => session.sessionId)).toEqual(['mine-0001']);
    expect((await call('GET', '/api/pools', one)).json.data).toHaveLength(1);
    const frame = `/api/frames/${'a'.repeat(64)}`;
    for (const [method, path] of [
      ['GET', '/api/sessions/theirs-001'],
      ['GET', '/api/sessions/theirs-001/actions'],
      ['GET', '/api/sessions/theirs-001/control'],
      ['DELETE', '/api/sessions/theirs-001'],
      ['POST', '/computers/c_theirs-001/mcp'],
      ['GET', '/api/pools/other'],
      ['POST', '/api/pools/other/sessions'],
      ['GET', frame],
    ] as const) {
      expect((await call(method, path, one, '{}')).status, path).toBe(404);
    }
    expect(rooms.sessions.has('theirs-001')).toBe(true);
  });
});

describe('what it refuses to read', () => {
  it.each([
    ['not JSON', json, '{"displayName": ', 400, 'bad_request'],
    ['not UTF-8', json, Buffer.from([0x22, 0xff, 0xfe, 0x22]) as unknown as string, 400, 'bad_request'],
    ['a wrong type', json, '{"displayName": 7}', 400, 'bad_request'],
    ['an unknown field', json, '{"displayName": "x", "root": true}', 400, 'bad_request'],
    ['too deep', json, `${'['.repeat(200)}${']'.repeat(200)}`, 400, 'bad_request'],
    ['another type', { 'content-type': 'text/plain' }, '{}', 415, 'unsupported_media'],
    ['no type', {}, '{"displayName":"x"}', 415, 'unsupported_media'],
    ['compressed', { ...json, 'content-encoding': 'gzip' }, 'xx', 415, 'unsupported_media'],
    ['oversized', json, `{"displayName":"${'x'.repeat(300_000)}"}`, 413, 'too_large'],
  ])('%s', async (_what, headers, body, status, code) => {
    const answer = await call(
      'POST',
      '/api/pools',
      bearer(rooms.token('admin'), headers as Record<string, string>),
      body,
    );
    expect(errorBodySchema.parse(answer.json).error.code).toBe(code);
    expect(answer.status).toBe(status);
    expect(answer.json.error.additionalInfo.request_id).toBe(answer.headers['x-request-id']);
    expect(answer.text).not.toMatch(/\.ts:|node_modules| {4}at /);
  });

  it('counts bytes when the length is not told', async () => {
    const answer = await rawRequest(`${server.url}/api/pools`, {
      method: 'POST',
      headers: bearer(rooms.token('admin'), { ...json, 'transfer-encoding': 'chunked' }),
      body: `{"displayName":"${'x'.repeat(300_000)}"}`,
    });
    expect([answer.status, answer.json.error.code]).toEqual([413, 'too_large']);
  });

  it('allows MCP messages up to 4 MiB and no further', async () => {
    rooms.sessions.set('mine-0001', fakeSession('mine-0001', 'agent'));
    const headers = bearer(rooms.token('agent'), json);
    const message = (size: number) => `{"pad":"${'x'.repeat(size)}"}`;
    expect((await call('POST', '/computers/c_mine-0001/mcp', headers, message(3_900_000))).status).toBe(200);
    const answer = await call('POST', '/computers/c_mine-0001/mcp', headers, message(4_300_000));
    expect([answer.status, answer.json.error.code]).toEqual([413, 'too_large']);
  });

  it('answers unknown paths, methods, sessions and ids in the same shape', async () => {
    const admin = bearer(rooms.token('admin'), json);
    const rows = [
      ['GET', '/nothing', 404, 'not_found'],
      ['PUT', '/api/pools', 405, 'method_not_allowed'],
      ['DELETE', '/api/sessions', 405, 'method_not_allowed'],
      ['GET', '/api/sessions/unknown-1', 404, 'session_gone'],
      ['DELETE', '/api/sessions/unknown-1', 404, 'session_gone'],
      ['POST', '/computers/c_none/mcp', 404, 'session_gone'],
      ['GET', '/api/sessions/bad%20id', 400, 'bad_request'],
      ['GET', '/api/frames/xyz', 400, 'bad_request'],
      ['GET', `/api/frames/${'a'.repeat(64)}`, 404, 'not_found'],
      ['GET', '/api/pools/none', 404, 'not_found'],
      ['GET', '/api/sessions?limit=0', 400, 'bad_request'],
      ['GET', '/api/sessions?limit=101', 400, 'bad_request'],
      ['GET', '/api/sessions?limit=x', 400, 'bad_request'],
      ['GET', '/api/sessions?after=a&before=b', 400, 'bad_request'],
      ['GET', '/api/pools?after=a&before=b', 400, 'bad_request'],
      ['GET', '/api/sessions/unknown-1/actions?after=a&before=b', 400, 'bad_request'],
      ['GET', '/api/pools?after=none', 400, 'bad_request'],
    ] as const;
    for (const [method, path, status, code] of rows) {
      const answer = await call(method, path, admin, method === 'POST' ? '{}' : undefined);
      expect([answer.status, answer.json?.error.code], `${method} ${path}`).toEqual([status, code]);
    }
    expect((await call('PUT', '/api/pools', admin)).headers.allow).toBe('GET, POST');
  });
});

describe('what it does', () => {
  it('checks out as Windows 365 does, once per key', async () => {
    const agent = bearer(rooms.token('agent'));
    const path = '/api/pools/desktop/sessions?api-version=2.0';
    const bad = await call('POST', path, { ...agent, 'x-ms-sessionId': 'not-a-uuid' });
    expect([bad.status, bad.json.error.code]).toEqual([400, 'bad_request']);
    const answer = await call('POST', path, { ...agent, 'x-ms-sessionId': uuid });
    expect(answer.json).toEqual({
      sessionId: uuid,
      status: 'Succeeded',
      connectivityUrl: null,
      computerUrl: `${server.url}/computers/c_${uuid}?api-version=1.0`,
      screenshareUrl: `${server.url.replace('http', 'ws')}/api/sessions/${uuid}/screen`,
    });
    const other = await call('DELETE', `/api/sessions/${uuid}`, { ...agent, 'x-ms-sessionId': 'another' });
    expect(other.status).toBe(400);
    expect((await call('DELETE', `/api/sessions/${uuid}`, agent)).status).toBe(204);
    expect((await call('DELETE', `/api/sessions/${uuid}`, agent)).status).toBe(404);
  });

  it('reaches the channel by every way a client writes the computer’s address', async () => {
    const agent = bearer(rooms.token('agent'), json);
    const { computerUrl } = (await call('POST', '/api/pools/desktop/sessions', agent, '{}')).json;
    const [base, query] = computerUrl.split('?');
    for (const url of [
      computerUrl,
      `${computerUrl}/mcp`,
      `${base}/mcp?${query}`,
      `${base}/mcp`,
      `${base}/mcp?${query}/mcp`,
    ]) {
      const answer = await rawRequest(url, { method: 'POST', headers: agent, body: '{"jsonrpc":"2.0"}' });
      expect(answer.status, url).toBe(200);
    }
    expect(rooms.mcpRequests).toHaveLength(5);
    expect(rooms.mcpRequests.every((request) => request.body === '{"jsonrpc":"2.0"}')).toBe(true);
    expect(rooms.mcpRequests.every((request) => request.authorization === null)).toBe(true);
    const id = base.split('/').at(-1);
    const right = await rawRequest(base, { method: 'POST', headers: { ...agent, 'x-ms-computerId': id }, body: '{}' });
    const wrong = await rawRequest(base, {
      method: 'POST',
      headers: { ...agent, 'x-ms-computerId': 'c_x' },
      body: '{}',
    });
    expect([right.status, wrong.status]).toEqual([200, 400]);
  });

  it('pages in both directions', async () => {
    for (let i = 0; i < 5; i++) rooms.sessions.set(`session-${i}`, fakeSession(`session-${i}`, 'a'));
    const admin = bearer(rooms.token('admin'));
    const page = async (query: string) => {
      const { json: body } = await call('GET', `/api/sessions?limit=2${query}`, admin);
      return [body.data.map((each: { sessionId: string }) => each.sessionId.at(-1)).join(''), body.has_more];
    };
    expect(await page('')).toEqual(['01', true]);
    expect(await page('&after=session-1')).toEqual(['23', true]);
    expect(await page('&after=session-3')).toEqual(['4', false]);
    expect(await page('&before=session-3')).toEqual(['12', true]);
    expect(await page('&before=session-1')).toEqual(['0', false]);
    expect(await page('&order=desc')).toEqual(['43', true]);
    expect(await page('&order=desc&after=session-3')).toEqual(['21', true]);
  });

  it('describes every route it serves', async () => {
    const { json: api } = await call('GET', '/openapi.json', bearer(rooms.token('agent')));
    expect(api.openapi).toBe('3.1.0');
    for (const path of [
      '/healthz',
      '/api/pools',
      '/api/sessions/{id}/control',
      '/computers/{computerId}/mcp',
      '/mcp',
    ]) {
      expect(Object.keys(api.paths)).toContain(path);
    }
    const acquire = api.paths['/api/pools/{id}/sessions'].post;
    expect(acquire.parameters.map((each: { name: string }) => each.name)).toEqual(['id', 'x-ms-sessionid']);
    expect(Object.keys(acquire.responses)).toEqual(expect.arrayContaining(['200', '401', '403', '409', '429']));
    const list = api.paths['/api/sessions'].get.parameters.map((each: { name: string }) => each.name);
    expect(list).toEqual(['limit', 'order', 'after', 'before', 'live']);
    const ids = Object.values(api.paths).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string }>).map((operation) => operation.operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('slows one caller down and not the other', async () => {
    await server.close();
    await start({ rateBurst: 3, ratePerSecond: 0.001 });
    const one = bearer(rooms.token('agent', 'one'));
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push((await call('GET', '/api/pools', one)).status);
    expect(answers).toEqual([200, 200, 200, 429]);
    const last = await call('GET', '/api/pools', one);
    expect([last.json.error.code, Number(last.headers['retry-after']) > 0]).toEqual(['too_many', true]);
    expect((await call('GET', '/api/pools', bearer(rooms.token('agent', 'two')))).status).toBe(200);
  });

  it('says so when the port is taken, and keeps to loopback', async () => {
    await expect(startServer({ port: server.port, services: rooms.services })).rejects.toMatchObject({
      code: 'conflict',
      data: { taken: true },
    });
    await expect(startServer({ port: 0, host: '0.0.0.0', services: rooms.services })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
