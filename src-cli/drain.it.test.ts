import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Action } from '@shared/action';
import { connectOld, textOf } from '../src-main/channel/testing/clients';
import { readRuntime } from '../src-main/wheelhouse/runtime';
import { apiOf } from '../src-main/wheelhouse/testing/api';
import { buildCli, command, serve, type Serving } from './testing/serveProcess';

const docker = new Docker();
let dataDir: string;
let serving: Serving;
let token: string;

beforeAll(() => buildCli());
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wh-drain-'));
  token = (await command('token', 'create', '--data', dataDir, '--role', 'agent', '--name', 'robot')).out.trim();
});
afterEach(async () => {
  await serving.end('SIGKILL');
  const last = await serve(dataDir, '--on-stop', 'destroy', '--log', 'silent');
  await last.end('SIGTERM');
  rmSync(dataDir, { recursive: true, force: true });
});

async function containersOf(machineId: string): Promise<string[]> {
  const all = await docker.listContainers({ all: true });
  return all.filter((each) => Object.values(each.Labels).includes(machineId)).map((each) => each.Id);
}
const begin = async (...flags: string[]) => {
  serving = await serve(dataDir, '--log', 'silent', ...flags);
  const api = apiOf(dataDir, token);
  const { status, body } = await api('POST', '/api/pools/desktop/sessions', { waitMs: 30_000 });
  expect([status, body.error]).toEqual([200, undefined]);
  const sessionId = body.sessionId as string;
  const { machineId } = (await api('GET', `/api/sessions/${sessionId}`)).body;
  return { api, sessionId, machineId: machineId as string, computerUrl: body.computerUrl as string };
};
const read = async (sessionId: string) => (await apiOf(dataDir, token)('GET', `/api/sessions/${sessionId}`)).body;
/** The command's intent is on record: it runs, or is about to. */
const underWay = async (api: ReturnType<typeof apiOf>, sessionId: string): Promise<void> => {
  await expect
    .poll(async () => {
      const { body } = await api('GET', `/api/sessions/${sessionId}/actions`);
      return (body.data as Action[]).some(({ outcome }) => outcome === 'pending');
    })
    .toBe(true);
};

it('ends the call that is under way, begins nothing new, and leaves its machines', async () => {
  const { api, sessionId, machineId, computerUrl } = await begin();
  const client = await connectOld(computerUrl, token);
  const working = client.call('execute_shell_command', { command: 'sleep 3; echo all of it | tee ~/mark' });
  await underWay(api, sessionId);
  const ended = serving.end('SIGTERM');
  await expect.poll(async () => (await fetch(`${serving.url}/readyz`)).status).toBe(503);
  const refused = await command('sessions', 'acquire', 'desktop', '--data', dataDir);
  expect([refused.code, refused.out]).toEqual([1, '']);
  expect(refused.err).toMatch(/Wheelhouse is stopping: .*\(not_ready\)/);
  const answer = await working;
  expect([answer.isError ?? false, textOf(answer)]).toEqual([false, expect.stringContaining('all of it')]);
  await client.close();
  expect(await ended).toBe(0);
  expect(readRuntime(dataDir)).toBeNull();
  expect(await containersOf(machineId)).toHaveLength(1);

  serving = await serve(dataDir, '--log', 'silent');
  expect(await read(sessionId)).toMatchObject({ status: 'active', machineId });
});

it('destroys machines at a stop where the setting says so, and keeps them where the run says otherwise', async () => {
  const { sessionId, machineId } = await begin('--on-stop', 'keep');
  const set = await command('settings', 'set', '--on-stop', 'destroy', '--data', dataDir);
  expect([set.code, set.out]).toEqual([0, expect.stringContaining('destroy')]);
  expect(await serving.end('SIGTERM')).toBe(0);
  expect(await containersOf(machineId)).toHaveLength(1);

  serving = await serve(dataDir, '--log', 'silent');
  expect((await command('settings', 'show', '--data', dataDir, '--json')).out).toBe('{"onStop":"destroy"}\n');
  expect(await read(sessionId)).toMatchObject({ status: 'active', machineId });
  expect(await serving.end('SIGTERM')).toBe(0);
  expect(await containersOf(machineId)).toHaveLength(0);

  serving = await serve(dataDir, '--log', 'silent');
  expect(await read(sessionId)).toMatchObject({ status: 'released' });
});

it('ends at once at a second signal, and goes on after it as after any crash', async () => {
  const { api, sessionId, machineId, computerUrl } = await begin();
  const client = await connectOld(computerUrl, token);
  const cut = client.call('execute_shell_command', { command: 'sleep 25' }).catch(() => 'cut');
  await underWay(api, sessionId);
  const ended = serving.end('SIGTERM');
  await expect.poll(async () => (await fetch(`${serving.url}/readyz`)).status).toBe(503);
  void serving.end('SIGINT');
  expect(await ended).toBe(1);
  await cut;
  await client.close().catch(() => undefined);
  // Nothing was tied up: the address of this run is still written down.
  expect(readRuntime(dataDir)).not.toBeNull();

  serving = await serve(dataDir, '--log', 'silent');
  expect(await read(sessionId)).toMatchObject({ status: 'active', machineId });
  const { body } = await apiOf(dataDir, token)('GET', `/api/sessions/${sessionId}/actions`);
  expect((body.data as Action[]).at(-1)).toMatchObject({ outcome: 'failed', code: 'interrupted' });
});
