import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { connectOld, textOf } from '../src-main/channel/testing/clients';
import { openDatabase } from '../src-main/store/database';
import { settingsStore } from '../src-main/store/settings';
import { storeFile } from '../src-main/wheelhouse/dataDir';
import { readRuntime } from '../src-main/wheelhouse/runtime';
import { apiOf } from '../src-main/wheelhouse/testing/api';
import { buildCli, command, serve, type Serving } from './testing/serveProcess';

const key = '3f2b8c1e-6d4a-4f8e-9b1d-2a7c5e9f0a13';
const docker = new Docker();
let dataDir: string;
let serving: Serving | null = null;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wh-serve-'));
  await buildCli();
});
afterAll(async () => {
  // Whatever the tests left behind: one more start, whose stop destroys the machines.
  await serving?.end('SIGKILL');
  const last = await serve(dataDir, '--destroy', '--log', 'silent');
  await last.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

/** This data folder's installation, as the names of its containers carry it. */
function installation(): string {
  const db = openDatabase(storeFile(dataDir));
  try {
    return settingsStore(db).get('installationId', z.string())!;
  } finally {
    db.close();
  }
}

/** The containers of this data folder's machines, by their ids at the engine. */
async function containersOf(machineId: string): Promise<string[]> {
  const all = await docker.listContainers({ all: true });
  return all.filter((each) => Object.values(each.Labels).includes(machineId)).map((each) => each.Id);
}

it('goes on after kill -9: the same session, the same container, the agent’s next call works', async () => {
  serving = await serve(dataDir);
  expect(JSON.parse(serving.stdout())).toEqual({ event: 'ready', url: serving.url, dataDir });
  const token = (await command('token', 'create', '--data', dataDir, '--role', 'agent', '--name', 'robot')).out.trim();
  const api = () => apiOf(dataDir, token);
  const checkout = () => api()('POST', '/api/pools/desktop/sessions', { waitMs: 30_000 }, { 'x-ms-sessionId': key });
  const first = await checkout();
  expect([first.status, first.body.error]).toEqual([200, undefined]);
  const { body: before } = await api()('GET', `/api/sessions/${key}`);
  const client = await connectOld(first.body.computerUrl, token);
  const wrote = await client.call('execute_shell_command', { command: 'echo kept > ~/mark; cat ~/mark' });
  expect(textOf(wrote)).toContain('kept');
  await client.close();
  const containers = await containersOf(before.machineId);
  expect(containers).toHaveLength(1);

  expect(await serving.end('SIGKILL')).toBe('SIGKILL');
  expect(readRuntime(dataDir)).not.toBeNull();
  serving = await serve(dataDir);

  const { body: after } = await api()('GET', `/api/sessions/${key}`);
  expect(after).toMatchObject({
    sessionId: key,
    machineId: before.machineId,
    computerId: before.computerId,
    status: 'active',
    createdAt: before.createdAt,
  });
  expect(await containersOf(after.machineId)).toEqual(containers);
  const again = await checkout();
  expect(again.body.sessionId).toBe(key);
  const back = await connectOld(again.body.computerUrl, token);
  const read = await back.call('execute_shell_command', { command: 'cat ~/mark' });
  expect(textOf(read)).toContain('kept');
  const shot = await back.call('take_screenshot');
  expect(shot.isError, textOf(shot)).toBeFalsy();
  await back.close();
  expect((await api()('DELETE', `/api/sessions/${key}`)).status).toBe(204);
});

it('makes one session of one key, and leaves no container behind, whenever it is killed', async () => {
  await serving?.end('SIGKILL');
  serving = null;
  const token = (
    await command('token', 'create', '--data', dataDir, '--role', 'agent', '--name', 'retrier')
  ).out.trim();
  const api = apiOf(dataDir, token);
  const checkout = (id: string) =>
    api('POST', '/api/pools/desktop/sessions', { waitMs: 30_000 }, { 'x-ms-sessionId': id });
  for (let round = 0; round < 5; round++) {
    const id = key.replace(/^.{8}/, `0000000${round}`);
    serving = await serve(dataDir, '--log', 'silent');
    const cut = checkout(id).catch(() => null);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
    await serving.end('SIGKILL');
    const answered = await cut;
    serving = await serve(dataDir, '--log', 'silent');
    const { status, body } = await checkout(id);
    expect([status, body.error]).toEqual([200, undefined]);
    expect(body.sessionId).toBe(id);
    if (answered?.status === 200) {
      expect(new URL(body.computerUrl).pathname).toBe(new URL(answered.body.computerUrl).pathname);
    }
    const { machineId } = (await api('GET', `/api/sessions/${id}`)).body;
    expect(await containersOf(machineId)).toHaveLength(1);
    expect((await api('DELETE', `/api/sessions/${id}`)).status).toBe(204);
    await serving.end('SIGKILL');
  }
  serving = await serve(dataDir, '--log', 'silent');
  const { body: pool } = await apiOf(dataDir)('GET', '/api/pools/desktop');
  // In the end as many containers as the pool knows of, and no more.
  const settled = async (): Promise<boolean> => {
    const now = (await apiOf(dataDir)('GET', '/api/pools/desktop')).body.observed.machines;
    const known = Object.values(now as Record<string, number>).reduce((sum, count) => sum + count, 0);
    const mine = (await docker.listContainers({ all: true })).filter((each) => each.Names[0]?.includes(installation()));
    return now.ready === pool.warm.minimum && known === now.ready && mine.length === known;
  };
  let calm = false;
  for (let i = 0; i < 120 && !calm; i++) {
    calm = await settled();
    if (!calm) await new Promise((resolve) => setTimeout(resolve, 250));
  }
  expect(calm).toBe(true);
}, 180_000);

it('is alone on its folder, says so, and ends cleanly', async () => {
  serving ??= await serve(dataDir);
  await expect(serve(dataDir)).rejects.toThrow(/ended with 1: .*is using .*\(conflict\)/s);
  const port = new URL(serving.url).port;
  const other = mkdtempSync(join(tmpdir(), 'wh-serve-'));
  const taken = await command('serve', '--data', other, '--port', port, '--log', 'silent');
  expect([taken.code, taken.out]).toEqual([1, '']);
  expect(taken.err).toMatch(/in use.*--port.*\(conflict\)/s);
  rmSync(other, { recursive: true, force: true });

  const pools = await command('pools', 'list', '--data', dataDir);
  expect([pools.code, pools.out.includes('desktop')]).toEqual([0, true]);
  expect(await serving.end('SIGTERM')).toBe(0);
  serving = null;
  expect(readRuntime(dataDir)).toBeNull();
  const none = await command('pools', 'list', '--data', dataDir);
  expect([none.code, none.err.includes('No Wheelhouse is running')]).toEqual([1, true]);
});
