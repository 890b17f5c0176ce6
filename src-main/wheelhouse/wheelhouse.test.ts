import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import { stockClients, textOf } from '../channel/testing/clients';
import { parseText } from '../metrics/testing';
import { createFakeBackend, type FakeBackend } from '../sandbox/fake';
import { until } from '../server/testing/client';
import { startWheelhouse, type TokenUse, type Wheelhouse } from '../wheelhouse';
import { readRuntime } from './runtime';
import { apiOf } from './testing/api';
import { RawViewer } from './testing/rawViewer';

let dataDir: string;
let backend: FakeBackend;
let wheelhouse: Wheelhouse;
let uses: TokenUse[];
const connectOld = stockClients[0]![1];
const uuid = '3f2b8c1e-6d4a-4f8e-9b1d-2a7c5e9f0a13';

/** Machines that outlive the broker, as containers do. */
const start = () =>
  startWheelhouse({
    dataDir,
    port: 0,
    logger: silentLogger,
    operator: 'ann',
    backends: () => [{ ...backend, close: async () => undefined }],
    onTokenUse: (use) => uses.push(use),
  });

beforeEach(async () => {
  uses = [];
  dataDir = mkdtempSync(join(tmpdir(), 'wh-all-'));
  backend = createFakeBackend({ dataDir });
  wheelhouse = await start();
});
afterEach(async () => {
  await wheelhouse.stop();
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const makePool = async (): Promise<string> => {
  const { body } = await apiOf(dataDir)('POST', '/api/pools', {
    displayName: 'Fake',
    backend: 'fake',
    warm: { minimum: 1, maximum: 3 },
  });
  return body.id;
};
const acquire = async (pool: string, token: string, key = uuid) => {
  const answer = await apiOf(dataDir, token)(
    'POST',
    `/api/pools/${pool}/sessions`,
    { waitMs: 10_000 },
    { 'x-ms-sessionId': key },
  );
  expect([answer.status, answer.body?.error]).toEqual([200, undefined]);
  return answer.body as { sessionId: string; computerUrl: string };
};
const inputsOf = (sessionId: string) => backend.guest(wheelhouse.broker.sessions.get(sessionId).machineId!)!.rfb.inputs;
const ticket = async (sessionId: string, mode: string, token?: string) =>
  (await apiOf(dataDir, token)('POST', `/api/sessions/${sessionId}/screen-tickets`, { mode })).body.url as string;

it('books what a session used, and says what runs', async () => {
  const api = apiOf(dataDir);
  const pool = await makePool();
  const { secret } = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const { computerUrl, sessionId } = await acquire(pool, secret);
  const client = await connectOld(computerUrl, secret, 'Robot 3');
  await client.call('click', { x: 100, y: 50 });
  await client.call('take_screenshot', {});
  await client.close();
  await wheelhouse.timeline.idle();
  const { body } = await api('GET', `/api/usage?by=session&pool=${pool}`);
  expect(body.rows).toMatchObject([{ key: sessionId, caller: 'robot', poolId: pool, calls: 2 }]);
  expect(body.total.activeMs).toBeGreaterThan(0);
  expect(body.total.wallMs).toBeGreaterThanOrEqual(body.total.activeMs);
  expect(body.total.recordBytes).toBeGreaterThan(0);

  const { token } = readRuntime(dataDir)!;
  const answer = await fetch(`${wheelhouse.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  const read = parseText(await answer.text());
  const acquired = ['warm', 'cold'].map(
    (outcome) => read.get(`wheelhouse_acquire_duration_seconds_count{pool="${pool}",outcome="${outcome}"}`) ?? 0,
  );
  expect(acquired[0]! + acquired[1]!).toBe(1);
  expect(read.get('wheelhouse_tool_call_duration_seconds_count{tool="click",outcome="done"}')).toBe(1);
  expect(read.get(`wheelhouse_machines{pool="${pool}",backend="fake",state="leased"}`)).toBe(1);
  expect(read.get('wheelhouse_sessions{status="active"}')).toBe(1);
  expect(read.get('wheelhouse_frames_stored_bytes')).toBe(body.total.recordBytes);
});

it('carries the main job: an agent works, a person takes the wheel and hands back, the agent goes on', async () => {
  const api = apiOf(dataDir);
  const pool = await makePool();
  const agent = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const { sessionId, computerUrl } = await acquire(pool, agent.secret);
  const client = await connectOld(computerUrl, agent.secret, 'Robot 3');

  const clicked = await client.call('click', { x: 100, y: 50 });
  expect(clicked.isError, textOf(clicked)).toBeFalsy();
  const inputs = inputsOf(sessionId);
  expect(inputs.filter((input) => input.kind === 'pointer').at(-1)).toMatchObject({ x: 100, y: 50, mask: 0 });

  // A viewer without control, whatever its ticket, changes nothing.
  const operator = wheelhouse.identity.create({ name: 'ben', role: 'operator' });
  const watching = await RawViewer.open(await ticket(sessionId, 'interactive', operator.secret));
  const before = inputs.length;
  watching.key(0x61, true);
  watching.click(7, 7);

  const taken = await api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
  expect(taken.body).toMatchObject({ kind: 'human', holder: 'ann' });
  const refused = await client.call('click', { x: 1, y: 1 });
  expect(refused.isError).toBe(true);
  expect(refused.structuredContent).toMatchObject({ code: 'control_held', holder: 'ann' });
  const second = await api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' }, {});
  expect(second.body.holder ?? second.body.error.additionalInfo.holder).toBe('ann');
  const rival = await apiOf(dataDir, operator.secret)('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
  expect([rival.status, rival.body.error.additionalInfo.holder]).toEqual([409, 'ann']);

  const looking = await RawViewer.open(await ticket(sessionId, 'view'));
  looking.key(0x62, true);
  const holding = await RawViewer.open(await ticket(sessionId, 'interactive'));
  holding.key(0x63, true);
  holding.key(0x63, false);
  await until(() => inputs.length >= before + 2, 'the holder’s key arrives');
  expect(inputs.slice(before).filter((input) => input.kind === 'key')).toMatchObject([
    { keysym: 0x63, down: true },
    { keysym: 0x63, down: false },
  ]);
  expect(inputs.slice(before).some((input) => input.kind === 'pointer' && input.x === 7)).toBe(false);

  // A key that is still down at the hand-back goes up.
  holding.key(0xffe1, true);
  await until(() => inputs.some((input) => input.kind === 'key' && input.keysym === 0xffe1), 'Shift arrives');
  const back = await api('POST', `/api/sessions/${sessionId}/control`, { action: 'release', note: 'Code entered.' });
  expect(back.status).toBe(200);
  await until(() => wheelhouse.control.state(sessionId).kind === 'agent', 'the agent has control');
  expect(inputs.at(-1)).toMatchObject({ kind: 'key', keysym: 0xffe1, down: false });
  holding.key(0x64, true);

  const next = await client.call('click', { x: 3, y: 4 });
  expect(next).toMatchObject({ isError: true, structuredContent: { code: 'stale_epoch' } });
  expect(JSON.stringify(next)).toContain('Code entered.');
  expect((await client.call('click', { x: 3, y: 4 })).isError).toBeFalsy();
  expect(inputs.some((input) => input.kind === 'key' && input.keysym === 0x64)).toBe(false);

  const { body: story } = await api('GET', `/api/sessions/${sessionId}/actions?limit=100`);
  const words = story.data.map((action: { tool: string }) => action.tool);
  expect(words).toEqual(expect.arrayContaining(['session.started', 'click', 'human.type']));
  expect(wheelhouse.timeline.verify(sessionId)).toBeNull();
  await wheelhouse.timeline.idle();
  const pictured = (await api('GET', `/api/sessions/${sessionId}/actions?limit=100`)).body.data;
  const hash = pictured.map((action: { frameAfter: string | null }) => action.frameAfter).find(Boolean);
  const frame = (token: string) =>
    fetch(`${wheelhouse.url}/api/frames/${hash}`, { headers: { authorization: `Bearer ${token}` } });
  const own = await frame(agent.secret);
  expect([own.status, own.headers.get('content-type')]).toEqual([200, 'image/png']);
  expect(
    Buffer.from(await own.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  const stranger = wheelhouse.identity.create({ name: 'stranger', role: 'agent' });
  expect((await frame(stranger.secret)).status).toBe(404);

  expect(uses.map((use) => use.kind)).toEqual(expect.arrayContaining(['accepted', 'tool']));
  expect(wheelhouse.broker.sessions.get(sessionId).agent).toBe('Robot 3');

  expect((await apiOf(dataDir, agent.secret)('DELETE', `/api/sessions/${sessionId}`)).status).toBe(204);
  await until(() => holding.closedWith !== null && looking.closedWith !== null, 'the viewers are gone');
  const gone = await apiOf(dataDir, agent.secret)('POST', new URL(computerUrl).pathname, { jsonrpc: '2.0' });
  expect(gone.status).toBe(404);
  await client.close();
});

it('comes back after a stop with the same sessions on the same machines', async () => {
  const pool = await makePool();
  const agent = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const { sessionId } = await acquire(pool, agent.secret);
  const { machineId } = wheelhouse.broker.sessions.get(sessionId);
  const guest = backend.guest(machineId!);
  await apiOf(dataDir)('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
  const epoch = wheelhouse.control.state(sessionId).epoch;
  const earlier = readRuntime(dataDir)!;
  await wheelhouse.stop();
  expect(readRuntime(dataDir)).toBeNull();

  wheelhouse = await start();
  const session = wheelhouse.broker.sessions.get(sessionId);
  expect([session.machineId, session.status]).toEqual([machineId, 'active']);
  expect(backend.guest(machineId!)).toBe(guest);
  expect(session.control).toMatchObject({ kind: 'paused', holder: 'ann' });
  expect(session.control.epoch).toBeGreaterThanOrEqual(epoch);
  const again = await acquire(pool, agent.secret);
  expect(again.sessionId).toBe(sessionId);
  const stale = await fetch(`${wheelhouse.url}/api/pools`, { headers: { authorization: `Bearer ${earlier.token}` } });
  expect(stale.status).toBe(401);
  await apiOf(dataDir)('POST', `/api/sessions/${sessionId}/control`, { action: 'resume' });
  const client = await connectOld(again.computerUrl, agent.secret);
  const size = await client.call('get_screen_size');
  expect(size.isError, textOf(size)).toBeFalsy();
  await client.close();
});

it('withdraws a call for help whose session ended without a word of it before a crash', async () => {
  const orphan = wheelhouse.attention.ask({
    kind: 'help',
    sessionId: 'session-of-before',
    poolId: null,
    title: 'Robot asks',
    why: 'Nobody is there any more',
    urgency: 'now',
    deadlineMs: null,
  });
  expect(wheelhouse.attention.get(orphan.id).state).toBe('waiting');
  await wheelhouse.stop();
  wheelhouse = await start();
  await wheelhouse.adopted;
  expect(wheelhouse.attention.get(orphan.id).state).toBe('withdrawn');
});

it('knows that a session is busy for as long as its call runs', async () => {
  const pool = await makePool();
  const agent = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const { sessionId, computerUrl } = await acquire(pool, agent.secret);
  const client = await connectOld(computerUrl, agent.secret);
  expect(wheelhouse.channel.busy(sessionId)).toBe(false);
  const waiting = client.call('wait_milliseconds', { ms: 400 });
  await until(() => wheelhouse.channel.busy(sessionId), 'the call to run');
  await waiting;
  expect(wheelhouse.channel.busy(sessionId)).toBe(false);
  await client.close();
});

it('refuses a second broker on the same folder, and lets go of it when it stops', async () => {
  await expect(start()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(dataDir) });
  expect((await apiOf(dataDir)('GET', '/readyz')).status).toBe(200);
  await wheelhouse.stop();
  wheelhouse = await start();
});

it('fails a session alone when its screen is lost for good', async () => {
  const pool = await makePool();
  const agent = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const first = await acquire(pool, agent.secret);
  const second = await acquire(pool, agent.secret, uuid.replace('3f', '4f'));
  const hub = await wheelhouse.hubFor(first.sessionId);
  const { machineId } = wheelhouse.broker.sessions.get(first.sessionId);
  backend.kill(machineId!, 'exited with code 137');
  await until(() => wheelhouse.broker.sessions.get(first.sessionId).status === 'failed', 'the session fails');
  expect(wheelhouse.broker.sessions.get(first.sessionId).reason).toBeTruthy();
  await until(() => wheelhouse.hubs.get(first.sessionId) !== hub, 'its hub is closed');
  expect(wheelhouse.broker.sessions.get(second.sessionId).status).toBe('active');
});

it('uses another port when the usual one is taken, if told so', async () => {
  const other = mkdtempSync(join(tmpdir(), 'wh-all-'));
  const options = { dataDir: other, port: wheelhouse.port, logger: silentLogger, backends: () => [] };
  await expect(startWheelhouse(options)).rejects.toMatchObject({ code: 'conflict' });
  const second = await startWheelhouse({ ...options, anyPortWhenTaken: true });
  expect(second.port).not.toBe(wheelhouse.port);
  await second.stop();
  rmSync(other, { recursive: true, force: true });
});

it('starts without waiting for a backend that takes its time, and says so until it is there', async () => {
  const other = mkdtempSync(join(tmpdir(), 'wh-all-'));
  const slow = createFakeBackend({ dataDir: other });
  let answer = (): void => undefined;
  const answers = new Promise<void>((resolve) => (answer = resolve));
  const second = await startWheelhouse({
    dataDir: other,
    port: 0,
    logger: silentLogger,
    patienceMs: 50,
    backends: () => [{ ...slow, probe: (signal) => answers.then(() => slow.probe(signal)) }],
  });
  const api = apiOf(other);
  expect((await api('GET', '/healthz')).status).toBe(200);
  for (const path of ['/readyz', '/api/pools', '/api/sessions/anything-1']) {
    const { status, body } = await api('GET', path);
    expect([status, body.error.code]).toEqual([503, 'not_ready']);
  }
  answer();
  await second.adopted;
  expect((await api('GET', '/readyz')).status).toBe(200);
  expect((await api('GET', '/api/pools')).status).toBe(200);
  await second.stop();
  rmSync(other, { recursive: true, force: true });
});
