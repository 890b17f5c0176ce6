import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sleep } from '../base/deadline';
import { silentLogger } from '../base/logger';
import { createDockerBackend } from '../sandbox/docker';
import { stockClients, textOf, type StockClient } from '../channel/testing/clients';
import { startWheelhouse, type Wheelhouse } from '../wheelhouse';

/** Suspended and brought back on the real engine, as an agent with a stock client lives it. */
const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)('docker', args)).stdout.trim();
const signal = new AbortController().signal;
let wheelhouse: Wheelhouse;
let dataDir: string;
let client: StockClient;
let sessionId: string;

const start = (): Promise<Wheelhouse> =>
  startWheelhouse({
    dataDir,
    port: 0,
    logger: silentLogger,
    defaultBackend: 'docker',
    backends: (context) => [createDockerBackend(context)],
  });
const view = () => wheelhouse.broker.sessions.get(sessionId);
const containers = async (machineId: string | null): Promise<string> =>
  docker('ps', '--all', '--quiet', '--filter', `name=${machineId}`);
const shell = async (command: string) => {
  const result = await client.call('execute_shell_command', { command });
  expect(result.isError, textOf(result)).toBeUndefined();
  return { ...(result.structuredContent as { stdout: string; resumed?: boolean }), text: textOf(result) };
};
async function eventually(fact: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 400; n++) {
    if (await fact()) return;
    await sleep(50);
  }
  throw new Error('It never came true.');
}
const gone = (machineId: string | null): Promise<void> => eventually(async () => (await containers(machineId)) === '');

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-suspend-'));
  wheelhouse = await start();
  const { broker, identity } = wheelhouse;
  broker.pools.update('desktop', {
    warm: { minimum: 1, maximum: 3 },
    idle: { policy: 'suspend', afterSeconds: 3600 },
  });
  const { secret } = identity.create({ name: 'robot', role: 'agent' });
  const caller = { tokenId: 't', name: 'robot', role: 'agent' as const, pools: [] };
  const session = await broker.acquire({ poolId: 'desktop', caller, waitMs: 30_000 }, signal);
  ({ sessionId } = session);
  client = await stockClients[0]![1](`${wheelhouse.url}/mcp`, secret, 'robot');
});
afterAll(async () => {
  await client?.close();
  for (const { sessionId: live } of wheelhouse?.broker.sessions.live() ?? [])
    await wheelhouse.broker.release(live, 'test', 'done');
  wheelhouse?.broker.pools.update('desktop', {
    warm: { minimum: 0, maximum: 1 },
    idle: { policy: 'release', afterSeconds: 60 },
  });
  await eventually(async () => wheelhouse.broker.homes.list().length === 0);
  await wheelhouse?.stop({ destroy: true });
  await rm(dataDir, { recursive: true, force: true });
});

it('its machine goes, and the next call finds the same session with its files on another', async () => {
  const before = view();
  expect(before.home).not.toBeNull();
  await shell('echo kept > ~/notes.txt; echo gone > /tmp/scratch; (sleep 10000 &) ; echo $!');
  await wheelhouse.broker.suspend(sessionId, 'test');
  expect(view()).toMatchObject({ status: 'idle', machineId: null });
  await gone(before.machineId);

  const said: string[] = [];
  const answer = await client.call('take_screenshot', {}, (progress) =>
    said.push((progress as { message?: string }).message ?? ''),
  );
  expect(answer.isError).toBeFalsy();
  expect(textOf(answer)).toContain('has a new desktop since');
  expect(said[0]).toMatch(/its desktop is coming up/);
  expect(view()).toMatchObject({ sessionId, computerId: before.computerId, status: 'active' });
  expect(view().machineId).not.toBe(before.machineId);
  expect((await shell('cat ~/notes.txt')).stdout).toBe('kept\n');
  expect((await shell('cat /tmp/scratch 2>/dev/null; pgrep -x sleep | wc -l')).stdout.trim()).toBe('0');
});

it('stays suspended over a restart of Wheelhouse, and comes back after it', async () => {
  await shell('echo again >> ~/notes.txt');
  await wheelhouse.broker.suspend(sessionId, 'test');
  await wheelhouse.stop();
  wheelhouse = await start();
  expect(view().status).toBe('idle');
  const { guest } = await wheelhouse.broker.connect(sessionId);
  expect((await guest.readFile('notes.txt')).toString()).toBe('kept\nagain\n');
});

it('a program that does not want to end does not keep it', async () => {
  const { guest, session } = await wheelhouse.broker.connect(sessionId);
  const stubborn = `trap '' TERM HUP INT; echo trapped > ~/stubborn.txt; while :; do sleep 1; done`;
  await guest.exec({
    epoch: 1,
    command: `(setsid bash -c "${stubborn.replaceAll('$', '\\$')}" >/dev/null 2>&1 &)`,
    timeoutMs: 5000,
  });
  const trapped = async () => (await guest.exec({ epoch: 1, command: 'cat ~/stubborn.txt', timeoutMs: 5000 })).stdout;
  await eventually(async () => (await trapped()) === 'trapped\n');
  await wheelhouse.broker.suspend(sessionId, 'test');
  await gone(session.machineId);
  expect((await (await wheelhouse.broker.connect(sessionId)).guest.readFile('stubborn.txt')).toString()).toBe(
    'trapped\n',
  );
});
