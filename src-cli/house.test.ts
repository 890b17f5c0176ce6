import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Home } from '@shared/home';
import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { apiOf } from '../src-main/wheelhouse/testing/api';
import { callTool, startFakeHouse } from '../src-main/wheelhouse/testing/fakeHouse';
import { RawViewer } from '../src-main/wheelhouse/testing/rawViewer';
import { run } from './program';

/** The whole of it on machines inside this process, through the command line and the HTTP interface alone. */
let house: Awaited<ReturnType<typeof startFakeHouse>>;
let robot: ReturnType<typeof apiOf>;
let secret: string;
let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wh-house-cli-'));
  house = await startFakeHouse();
  ({ secret } = house.wheelhouse.identity.create({ name: 'robot', role: 'agent' }));
  robot = apiOf(house.dataDir, secret);
});
afterEach(async () => {
  await house.stop();
  rmSync(dir, { recursive: true, force: true });
});
const cli = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await run([...argv, '--data', house.dataDir], io);
  return { code, out, err };
};
const asJson = async <T>(...argv: string[]): Promise<T> => {
  const { code, out, err } = await cli(...argv, '--json');
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as T;
};
const shell = async (url: string, command: string) => {
  const { result } = await callTool(url, secret, 1, 'execute_shell_command', { command });
  return { failed: result.isError === true, text: result.content.map((block) => block.text ?? '').join('\n') };
};
const keeping = ['--backend', 'fake', '--warm', '1:4', '--idle-policy', 'suspend', '--home', 'keep'];

it('suspends a session, which its client does not notice but for time, and keeps its home to the end', async () => {
  const pool = await asJson<Pool>('pools', 'create', 'Keeps', ...keeping, '--home-quota', '64', '--acquire-screen');
  const key = '3f2b8c1e-6d4a-4f8e-9b1d-2a7c5e9f0a13';
  const checkout = () => robot('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 20_000 }, { 'x-ms-sessionId': key });
  const first = await checkout();
  expect([first.status, first.body.error]).toEqual([200, undefined]);
  const { homeId, computerUrl } = first.body as { homeId: string; computerUrl: string };
  expect(await shell(computerUrl, 'echo mine > ~/mark')).toMatchObject({ failed: false });

  const before = await asJson<Session>('sessions', 'show', key);
  const suspended = await asJson<Session>('sessions', 'suspend', key);
  expect(suspended).toMatchObject({ status: 'idle', machineId: null, computerId: before.computerId });
  expect((await cli('sessions', 'list')).out).toMatch(/idle \(suspended since \d{4}-/);
  expect((await cli('homes', 'show', homeId)).out).toMatch(new RegExp(`state +attached\\nsession +${key}\\n`));
  // Nothing of the checkout changes, and asking again wakes nobody and makes no second session.
  const again = await checkout();
  expect([again.status, again.body]).toEqual([200, first.body]);
  const { body: listed } = await robot('GET', '/api/sessions?live=true');
  expect(listed.data.map((each: Session) => each.sessionId)).toEqual([key]);
  expect((await robot('GET', `/api/sessions/${key}`)).body.status).toBe('idle');

  expect((await shell(computerUrl, 'cat ~/mark')).text).toContain('mine');
  expect(await asJson<Session>('sessions', 'show', key)).toMatchObject({
    status: 'active',
    computerId: before.computerId,
  });
  expect(await asJson<Session>('sessions', 'suspend', key)).toMatchObject({ status: 'idle' });
  const resumed = await asJson<Session>('sessions', 'resume', key);
  expect([resumed.status, resumed.machineId === before.machineId]).toEqual(['active', false]);

  // A viewer brings it back as a call does.
  expect(await asJson<Session>('sessions', 'suspend', key)).toMatchObject({ status: 'idle' });
  const { body: ticket } = await house.api('POST', `/api/sessions/${key}/screen-tickets`, { mode: 'view' });
  const viewer = await RawViewer.open(ticket.url);
  expect((await asJson<Session>('sessions', 'show', key)).status).toBe('active');
  viewer.close();

  expect((await cli('sessions', 'release', key)).code).toBe(0);
  const home = await asJson<Home>('homes', 'show', homeId);
  expect(home).toMatchObject({ caller: 'robot', keep: true, state: 'kept', sessionId: null, quotaMiB: 64 });
  expect(Date.parse(home.expiresAt!)).toBeGreaterThan(Date.now());
});

it('gives a kept home to a later request of its owner alone, one session at a time', async () => {
  const pool = await asJson<Pool>('pools', 'create', 'Keeps', ...keeping);
  const acquire = (api: typeof robot, homeId?: string) =>
    api('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 20_000, ...(homeId && { homeId }) });
  const first = (await acquire(robot)).body;
  await shell(first.computerUrl, 'echo mine > ~/mark');
  await robot('DELETE', `/api/sessions/${first.sessionId}`);
  const { homeId } = first as { homeId: string };
  const stranger = apiOf(house.dataDir, house.wheelhouse.identity.create({ name: 'other', role: 'agent' }).secret);
  expect((await stranger('GET', '/api/homes')).body.data).toEqual([]);
  const refused = await acquire(stranger, homeId);
  expect([refused.status >= 400, refused.body.homeId]).toEqual([true, undefined]);

  const second = await acquire(robot, homeId);
  expect([second.status, second.body.homeId]).toEqual([200, homeId]);
  expect((await shell(second.body.computerUrl, 'cat ~/mark')).text).toContain('mine');
  const held = await acquire(robot, homeId);
  expect([held.status, held.body.error.code]).toEqual([409, 'conflict']);
  expect(await cli('homes', 'delete', homeId)).toMatchObject({ code: 1, err: expect.stringContaining('(conflict)') });

  await robot('DELETE', `/api/sessions/${second.body.sessionId}`);
  const file = join(dir, 'home.tar');
  await expect.poll(async () => (await cli('homes', 'download', homeId, '--out', file)).code).toBe(0);
  expect(readFileSync(file, 'latin1')).toContain('mark');
  await expect.poll(async () => (await cli('homes', 'delete', homeId)).code).toBe(0);
  await expect.poll(async () => (await robot('GET', `/api/homes/${homeId}`)).status).toBe(404);
});

it('tells who waits their place, and who waited in vain', async () => {
  const pool = await asJson<Pool>('pools', 'create', 'One', '--backend', 'fake', '--warm', '0:1');
  const path = `/api/pools/${pool.id}/sessions`;
  expect((await robot('POST', path, { waitMs: 20_000 })).status).toBe(200);
  const waiting = [robot('POST', path, { waitMs: 1_500 }), robot('POST', path, { waitMs: 1_500 })];
  await expect.poll(async () => (await cli('sessions', 'list')).out).toMatch(/queued \(2 of 2\)/);
  for (const { status, body } of await Promise.all(waiting)) {
    expect([status, body.error.code]).toEqual([429, 'acquire_timeout']);
    expect(body.error.additionalInfo).toMatchObject({ place: 1, waiting: expect.any(Number) });
  }
});

it('keeps to what the computer may give, and lets a person look at what failed', async () => {
  const { poolId, limits } = await (async () => {
    const capacity = await asJson<{ limits: object; pools: { poolId: string; taken: { machines: number } }[] }>(
      ...['capacity', 'set', '--machines', '2'],
    );
    return { limits: capacity.limits, poolId: capacity.pools.find(({ taken }) => taken.machines > 0)?.poolId };
  })();
  expect(limits).toMatchObject({ machines: 2 });
  expect((await cli('pools', 'update', poolId!, '--warm', '3:4')).code).toBe(0);
  await expect.poll(async () => (await cli('pools', 'show', poolId!)).out).toContain('HostAtCapacity');
  const machines = await asJson<{ machineId: string }[]>('machines', 'list');
  expect(machines).toHaveLength(2);
  expect((await cli('capacity', 'set', '--machines', 'none')).code).toBe(0);
  expect((await cli('pools', 'retry', poolId!)).code).toBe(0);

  const broken = machines[0]!.machineId;
  house.backend.kill(broken, 'gone');
  await expect.poll(async () => (await cli('machines', 'list', '--quarantined')).out).toContain(broken);
  expect((await cli('machines', 'keep', broken)).out).toMatch(/kept until +\d{4}-/);
  expect((await cli('machines', 'show', broken)).out).toMatch(/state +quarantined \(dead\)/);
  expect((await cli('machines', 'run', broken, 'true')).code).toBe(1);
  expect((await cli('machines', 'destroy', broken)).code).toBe(0);
  await expect.poll(async () => (await cli('machines', 'list')).out).not.toContain(broken);
});
