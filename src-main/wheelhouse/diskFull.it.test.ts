import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../base/logger';
import { sleep } from '../base/deadline';
import { createFakeBackend } from '../sandbox/fake';
import { sql } from '../store/database';
import { startWheelhouse } from '../wheelhouse';
import { apiOf } from './testing/api';
import { callTool } from './testing/fakeHouse';

const isRoot = process.getuid?.() === 0;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wh-full-'));
  mkdirSync(join(folder, 'disk'));
  if (isRoot) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', join(folder, 'disk')]);
});
afterEach(() => {
  if (isRoot) execFileSync('umount', ['-l', join(folder, 'disk')]);
  rmSync(folder, { recursive: true, force: true });
});

/** Nobody else may mount a disk; in a namespace of one's own everybody may. */
function asRootOfOneself(): void {
  const again = [
    process.execPath,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    'integration',
    import.meta.filename,
  ];
  const { status, stdout, stderr } = spawnSync('unshare', ['-Urm', ...again], { encoding: 'utf8', timeout: 100_000 });
  expect(`${stdout}${stderr}`).toContain('1 passed');
  expect(status).toBe(0);
}
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (const size of [1024 ** 2, 4096, 1]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(size, 1));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
    }
  } finally {
    closeSync(handle);
  }
}
async function until(fact: () => boolean | Promise<boolean>): Promise<void> {
  for (let n = 0; n < 600; n++) {
    if (await fact()) return;
    await sleep(50);
  }
  throw new Error('It never came true.');
}

test('on a full disk nothing runs that is not on record, what was acknowledged stays, and all goes on once there is room', async () => {
  if (!isRoot) return asRootOfOneself();
  const dataDir = join(folder, 'disk', 'data');
  const backend = createFakeBackend({ dataDir: join(folder, 'machines') });
  const start = () =>
    startWheelhouse({
      ...{ dataDir, port: 0, logger: silentLogger, operator: 'ann' },
      backends: () => [{ ...backend, close: async () => {} }],
    });
  let house = await start();
  try {
    const api = apiOf(dataDir);
    const { body: pool } = await api('POST', '/api/pools', {
      ...{ displayName: 'Fake', backend: 'fake', warm: { minimum: 1, maximum: 6 } },
    });
    const { secret } = house.identity.create({ name: 'claude', role: 'agent' });
    const acquire = () => apiOf(dataDir, secret)('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 20_000 });
    const sessions = [];
    for (let n = 0; n < 3; n++) sessions.push((await acquire()).body as { sessionId: string; computerUrl: string });
    const [one, two, three] = sessions;
    if (!one || !two || !three) throw new Error('no sessions');
    const machineOf = (sessionId: string): string => house.broker.sessions.get(sessionId).machineId ?? '';
    const guest = backend.guest(machineOf(one.sessionId));
    let calls = 0;
    const run = async (): Promise<boolean> => {
      const answer = await callTool(one.computerUrl, secret, ++calls, 'execute_shell_command', { command: 'echo 1' });
      const text = JSON.stringify(answer);
      if (!text.includes('not_recorded')) return true;
      return false;
    };
    expect(await run()).toBe(true);

    const ballast = join(folder, 'disk', 'ballast');
    fill(ballast);
    // What the log has room for already is still taken, and recorded.
    let done = 1;
    for (let n = 0; n < 3000 && (await run()); n++) done += 1;
    expect(await run()).toBe(false);
    expect(guest?.commands.length).toBe(done);

    // Everybody is told at once.
    await until(async () => (await api('GET', '/readyz')).status === 503);
    expect((await api('GET', '/readyz')).body.error).toMatchObject({
      code: 'not_ready',
      message: expect.stringMatching(/full/),
    });
    await until(() => house.attention.list().some((call) => call.title === 'Wheelhouse can record nothing'));
    expect((await api('GET', '/api/pools')).status).toBe(200);

    // Nothing new is begun, and what ends, ends.
    expect((await acquire()).body.error).toMatchObject({ code: 'not_recorded' });
    backend.kill(machineOf(two.sessionId), 'killed');
    await until(() => house.broker.sessions.get(two.sessionId).status === 'failed');
    expect((await api('DELETE', `/api/sessions/${three.sessionId}`)).body?.error?.code).toBe('not_recorded');
    expect(house.broker.sessions.get(three.sessionId).status).toBe('released');
    for (const gone of [two, three])
      await expect(house.broker.connect(gone.sessionId)).rejects.toMatchObject({ code: 'session_gone' });
    expect(house.broker.sessions.live().map((session) => session.sessionId)).toEqual([one.sessionId]);
    expect(await run()).toBe(false);
    expect(guest?.commands.length).toBe(done);

    rmSync(ballast);
    await until(async () => (await api('GET', '/readyz')).status === 200);
    expect(house.attention.list().some((call) => call.title === 'Wheelhouse can record nothing')).toBe(false);
    const stored = (sessionId: string) => {
      const row = sql(house.db, 'SELECT status FROM sessions WHERE id = ?').get(sessionId) as { status: string };
      return row.status;
    };
    await until(() => stored(two.sessionId) === 'failed' && stored(three.sessionId) === 'released');
    expect(await run()).toBe(true);
    expect((await acquire()).status).toBe(200);
    const ran = () =>
      sql(house.db, "SELECT count(*) AS n FROM actions WHERE session_id = ? AND tool = 'execute_shell_command'").get(
        one.sessionId,
      );
    expect(ran()).toEqual({ n: done + 1 });

    await house.stop();
    house = await start();
    expect(ran()).toEqual({ n: done + 1 });
    expect(sql(house.db, 'PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    expect(house.timeline.verify(one.sessionId)).toBeNull();
    expect([stored(one.sessionId), stored(two.sessionId), stored(three.sessionId)]).toEqual([
      'active',
      'failed',
      'released',
    ]);
  } finally {
    await house.stop();
    await backend.close();
  }
}, 120_000);
