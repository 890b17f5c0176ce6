import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ControlState } from '@shared/control';
import { createBus } from '../base/bus';
import type { Caller } from '../base/caller';
import { systemClock } from '../base/clock';
import { sleep } from '../base/deadline';
import { systemIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { connectGuest, openRfb } from '../guest';
import type { SandboxBackend } from '../sandbox/backend';
import { createDockerBackend } from '../sandbox/docker';
import { createScreenHubs } from '../screen';
import type { ScreenHubs } from '../screen/types';
import { openDatabase, type Database } from '../store/database';
import { machineStore } from '../store/machines';
import { createBroker } from './index';
import type { Broker } from './types';

/** What goes wrong with real machines, each told from the others. Containers of other installations are left alone. */
const docker = async (...args: string[]): Promise<string> => (await promisify(execFile)('docker', args)).stdout.trim();
const agent: Caller = { tokenId: 't', name: 'claude', role: 'agent', pools: [] };
const signal = new AbortController().signal;

let folder: string;
let db: Database;
let backend: SandboxBackend;
let hubs: ScreenHubs;
let broker: Broker;
const installationId = systemIds.make('i');

const control: ControlState = {
  kind: 'agent',
  holder: null,
  since: new Date().toISOString(),
  epoch: 1,
  private: false,
  lapsesAt: null,
  lapseReason: null,
  askedBy: null,
};
const make = (): Broker =>
  createBroker({
    db,
    backends: new Map([['docker', backend]]),
    connectGuest,
    probeScreen: (target, deadline) => hubs.probe(target, deadline),
    controlState: () => control,
    bus: createBus(),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    limits: { healthEveryMs: 1000, healthTimeoutMs: 2000, frozenMs: 10_000, quarantined: 20 },
  });
const acquire = (sessionId: string) =>
  broker.acquire({ poolId: 'desktop', sessionId, caller: agent, waitMs: 30_000 }, signal);
async function eventually(fact: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 40_000;
  while (!(await fact())) {
    if (Date.now() > end)
      throw new Error(`It never came true. ${JSON.stringify(broker.pools.get('desktop').observed)}`);
    await sleep(50);
  }
}
const ready = (count: number) => eventually(() => broker.pools.get('desktop').observed.machines.ready >= count);
/** By the label that the backend puts on what is its own. */
const containers = async (): Promise<string[]> =>
  (await backend.list(signal)).map((machine) => machine.machineId).sort();
const containerOf = async (machineId: string): Promise<string> =>
  docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `name=${machineId}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'troubles-it-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createDockerBackend({ dataDir: folder, installationId, logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = make();
  await broker.start();
  broker.pools.update('desktop', {
    warm: { minimum: 1, maximum: 16 },
    size: { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 },
  });
  await ready(1);
});
afterAll(async () => {
  await broker.stop({ destroy: true });
  expect(await containers()).toEqual([]);
  await hubs.closeAll();
  await backend.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const rowOf = (machineId: string) => machineStore(db).get(machineId);
const warm = async (): Promise<string> => {
  await ready(1);
  const found = machineStore(db)
    .all()
    .find((row) => row.state === 'ready');
  if (!found) throw new Error('nothing is ready');
  return found.machineId;
};
const leased = async (name: string) => {
  await ready(1);
  const { sessionId, machineId } = await acquire(name);
  return { sessionId, machineId: machineId ?? '' };
};
const status = (sessionId: string) => broker.sessions.get(sessionId).status;
/** What only this computer's root can do to a machine; `$init` is its first process. Done from a container beside it. */
const asRoot = async (machineId: string, command: string): Promise<string> => {
  const init = await docker('inspect', '--format', '{{.State.Pid}}', await containerOf(machineId));
  const image = rowOf(machineId)?.image ?? '';
  const rights = ['--cap-add', 'SYS_ADMIN', '--cap-add', 'SYS_PTRACE', '--security-opt', 'seccomp=unconfined'];
  const place = ['--pid', 'host', '--network', 'none', '--user', '0', '--env', `init=${init}`];
  return docker('run', '--rm', ...rights, ...place, '--entrypoint', 'sh', image, '-c', command);
};
/** The agent is the first child of its machine's first process. */
const signalAgent = (machineId: string, name: 'STOP' | 'KILL'): Promise<string> =>
  asRoot(machineId, `agent=$(cut -d ' ' -f 1 /proc/$init/task/$init/children); kill -${name} $agent`);
/** Set aside for good, and the pool is whole again without it. */
async function aside(machineId: string, trouble: string): Promise<void> {
  await eventually(() => rowOf(machineId)?.state === 'quarantined');
  expect(rowOf(machineId)?.trouble).toBe(trouble);
  await ready(1);
  const { sessionId, machineId: other } = await leased(`after-${machineId}`);
  expect(other).not.toBe(machineId);
  expect(rowOf(machineId)?.state).toBe('quarantined');
  await broker.release(sessionId, 'test', 'done');
}

describe('a machine that nobody has', () => {
  test('paused from outside is frozen; commands in it are refused until it goes on', async () => {
    const machineId = await warm();
    const container = await containerOf(machineId);
    await docker('pause', container);
    await aside(machineId, 'frozen');
    expect(await broker.machines.look(machineId)).toMatchObject({ state: 'paused', canRun: false });
    await expect(broker.machines.run(machineId, 'id', 'test')).rejects.toMatchObject({ code: 'conflict' });
    expect(await docker('inspect', '--format', '{{.State.Status}}', container)).toBe('paused');
    await docker('unpause', container);
    expect((await broker.machines.run(machineId, 'id -un', 'test')).output.trim()).toBe('agent');
    expect(rowOf(machineId)?.state).toBe('quarantined');
  });

  test('killed is dead, and shows its console', async () => {
    const machineId = await warm();
    await docker('kill', await containerOf(machineId));
    await aside(machineId, 'dead');
    expect(await broker.machines.look(machineId)).toMatchObject({ state: 'exited', canRun: false, consoleError: null });
  });

  test('whose agent hangs is silent, and can still be looked into', async () => {
    const machineId = await warm();
    await signalAgent(machineId, 'STOP');
    await aside(machineId, 'silent');
    const done = await broker.machines.run(machineId, 'echo inside; exit 3', 'test');
    expect(done).toMatchObject({ output: 'inside\n', exitCode: 3 });
  });

  test('whose agent was killed is dead', async () => {
    const machineId = await warm();
    await signalAgent(machineId, 'KILL');
    await aside(machineId, 'dead');
  });
});

describe('a machine that a session has', () => {
  test('bears a mark that the session can’t take away', async () => {
    const { sessionId } = await leased('marked-session');
    const { guest } = await broker.connect(sessionId);
    await eventually(async () => (await guest.health()).mark === 'session marked-session');
    await guest.exec({ epoch: 1, command: 'rm -rf ~/* ~/.??* /tmp/* /run/* /var/* 2>/dev/null', timeoutMs: 10_000 });
    expect((await guest.health()).mark).toBe('session marked-session');
    await broker.release(sessionId, 'test', 'done');
  });

  test('paused from outside goes on, and fails only when nobody lets it go on', async () => {
    const { sessionId, machineId } = await leased('paused-session');
    const container = await containerOf(machineId);
    await docker('pause', container);
    await eventually(() => rowOf(machineId)?.trouble === 'frozen');
    expect(status(sessionId)).toBe('active');
    await docker('unpause', container);
    await eventually(() => rowOf(machineId)?.trouble === null);
    const { guest } = await broker.connect(sessionId);
    expect((await guest.exec({ epoch: 1, command: 'echo on', timeoutMs: 10_000 })).stdout).toBe('on\n');

    await docker('pause', container);
    await eventually(() => status(sessionId) === 'failed');
    expect(broker.sessions.get(sessionId).reason).toMatch(/outside Wheelhouse/);
    await aside(machineId, 'frozen');
    expect((await broker.machines.look(machineId)).lastSessionId).toBe(sessionId);
    await docker('unpause', container);
  });

  test('whose home is full goes on and is told, until there is room', async () => {
    const { sessionId, machineId } = await leased('full-session');
    await asRoot(machineId, 'nsenter --target $init --mount mount -t tmpfs -o size=6m,mode=777 tmpfs /home/session');
    const { guest } = await broker.connect(sessionId);
    const shell = (command: string) => guest.exec({ epoch: 1, command, timeoutMs: 10_000 });
    await shell('cd; dd if=/dev/zero of=/home/session/full bs=64k count=200');
    await eventually(() => rowOf(machineId)?.trouble === 'disk_full');
    expect(rowOf(machineId)?.reason).toMatch(/Its session goes on/);
    expect(status(sessionId)).toBe('active');
    await shell('rm /home/session/full');
    await eventually(() => rowOf(machineId)?.trouble === null);
    await broker.release(sessionId, 'test', 'done');
  });

  test.each([
    ['killed', async (machineId: string) => docker('kill', await containerOf(machineId)), 'dead'],
    ['whose agent was killed', (machineId: string) => signalAgent(machineId, 'KILL'), 'dead'],
    ['whose agent hangs', (machineId: string) => signalAgent(machineId, 'STOP'), 'silent'],
  ] as const)('%s fails its session', async (name, harm, trouble) => {
    const { sessionId, machineId } = await leased(`lost-${name.replaceAll(' ', '-')}`);
    await harm(machineId);
    await eventually(() => status(sessionId) === 'failed');
    await aside(machineId, trouble);
  });
});
