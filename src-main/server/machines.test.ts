import { afterEach, beforeEach, expect, it } from 'vitest';
import { startServer, type RunningServer } from './index';
import { rawRequest } from './testing/client';
import { fakeServices, fakeSession } from './testing/fakeServices';

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
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
const refusal = async (...args: Parameters<typeof call>) => {
  const { status, json } = await call(...args);
  return [status, json?.error?.code];
};

it('lets operators look, keep and try again, and admins alone run commands and destroy', async () => {
  rooms.machines.add('m_ready0001');
  rooms.machines.add('m_broken001', { state: 'quarantined', trouble: 'silent' });
  const [agent, operator, admin] = [rooms.token('agent'), rooms.token('operator'), rooms.token('admin')];
  expect((await call('GET', '/api/pools/desktop/machines', operator)).json.data).toMatchObject([
    { machineId: 'm_ready0001' },
    { machineId: 'm_broken001', trouble: 'silent' },
  ]);
  expect((await call('GET', '/api/machines/m_broken001', operator)).json).toMatchObject({ canRun: true });
  expect((await call('POST', '/api/machines/m_broken001/keep', operator)).json.keptUntil).toMatch(/^1970/);
  expect((await call('POST', '/api/pools/desktop/retry', operator)).json.id).toBe('desktop');
  expect(rooms.retried).toEqual(['desktop']);
  const command = { command: 'journalctl' };
  expect((await call('POST', '/api/machines/m_broken001/run', admin, command)).json).toEqual({
    ...{ output: 'admin: journalctl', exitCode: 0, truncated: false, durationMs: 1 },
  });
  expect(await refusal('POST', '/api/machines/m_broken001/run', operator, command)).toEqual([403, 'forbidden']);
  expect(await refusal('POST', '/api/machines/m_ready0001/run', admin, command)).toEqual([409, 'conflict']);
  expect(await refusal('POST', '/api/machines/m_broken001/run', admin, { command: '' })).toEqual([400, 'bad_request']);
  expect(await refusal('POST', '/api/machines/m_broken001/run', admin, {})).toEqual([400, 'bad_request']);
  expect(await refusal('POST', '/api/machines/m_ready0001/keep', operator)).toEqual([409, 'conflict']);
  expect(await refusal('DELETE', '/api/machines/m_broken001', operator)).toEqual([403, 'forbidden']);
  expect((await call('DELETE', '/api/machines/m_broken001', admin)).status).toBe(204);
  expect(await refusal('GET', '/api/machines/m_broken001', operator)).toEqual([404, 'not_found']);
  for (const path of ['/api/pools/desktop/machines', '/api/machines/m_ready0001', '/api/capacity']) {
    expect(await refusal('GET', path, agent)).toEqual([403, 'forbidden']);
  }
});

it('says and sets what the pools may take of this computer', async () => {
  const [operator, admin] = [rooms.token('operator'), rooms.token('admin')];
  const limits = { machines: 4, memoryMiB: 8192, cpus: null };
  expect((await call('PUT', '/api/capacity', admin, limits)).json.limits).toEqual(limits);
  expect((await call('GET', '/api/capacity', operator)).json).toMatchObject({ limits, pools: [{ share: 3 }] });
  expect(await refusal('PUT', '/api/capacity', operator, limits)).toEqual([403, 'forbidden']);
  expect(await refusal('PUT', '/api/capacity', admin, { machines: 4 })).toEqual([400, 'bad_request']);
  expect(await refusal('PUT', '/api/capacity', admin, { ...limits, machines: 0 })).toEqual([400, 'bad_request']);
  expect((await call('POST', '/api/capacity', admin, limits)).headers.allow).toBe('GET, PUT');
});

it('suspends and resumes a session for its own agent, and passes on what a request chooses', async () => {
  const [one, two] = [rooms.token('agent', 'one'), rooms.token('agent', 'two')];
  const wishes = { screen: { width: 800, height: 600 }, idleSeconds: 60, homeId: 'h_mine00001' };
  const checkout = await call('POST', '/api/pools/desktop/sessions', one, wishes);
  const { sessionId, computerUrl } = checkout.json;
  expect([checkout.status, checkout.json.homeId]).toEqual([200, undefined]);
  expect(rooms.acquired).toMatchObject([{ poolId: 'desktop', ...wishes }]);
  const path = `/api/sessions/${sessionId}`;
  for (let twice = 0; twice < 2; twice++) {
    expect((await call('POST', `${path}/suspend`, one)).json).toMatchObject({ status: 'idle', machineId: null });
  }
  const again = await call('GET', path, one);
  expect(computerUrl).toContain(again.json.computerId);
  expect((await call('POST', `${path}/resume`, one, {})).json).toMatchObject({ status: 'active', suspendedAt: null });
  for (const verb of ['suspend', 'resume']) {
    expect(await refusal('POST', `${path}/${verb}`, two)).toEqual([404, 'session_gone']);
    expect(await refusal('POST', `/api/sessions/unknown-1/${verb}`, one)).toEqual([404, 'session_gone']);
  }
  expect(await refusal('POST', '/api/pools/desktop/sessions', one, { screen: { width: 9 } })).toEqual([
    400,
    'bad_request',
  ]);
});

it('shows the home that a session has, for whoever wants it again', async () => {
  const home = { homeId: 'h_mine00001', keep: true };
  rooms.services.broker.acquire = async ({ caller }) => ({ ...fakeSession('session-1', caller.name), home });
  const { json } = await call('POST', '/api/pools/desktop/sessions', rooms.token('agent'), {});
  expect(json.homeId).toBe(home.homeId);
});
