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
import { createBroker } from './index';
import type { Broker } from './types';

/** The broker on the real engine with the real image. Containers of other installations are none of its business. */
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
    limits: { healthEveryMs: 1000, healthTimeoutMs: 2000 },
  });
const acquire = (sessionId: string) =>
  broker.acquire({ poolId: 'desktop', sessionId, caller: agent, waitMs: 30_000 }, signal);
const run = async (sessionId: string, command: string) => {
  const { guest } = await broker.connect(sessionId);
  return guest.exec({ epoch: 1, command, timeoutMs: 10_000 });
};
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
  folder = mkdtempSync(join(tmpdir(), 'broker-it-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createDockerBackend({ dataDir: folder, installationId, logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = make();
  await broker.start();
  broker.pools.update('desktop', {
    warm: { minimum: 1, maximum: 3 },
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

describe('on the real engine', () => {
  test('acquire, act, release: the next machine is another, with a clean home', async () => {
    const first = await acquire('first-session');
    const one = await broker.connect(first.sessionId);
    const boot = (await one.guest.health()).bootId;
    expect(await run(first.sessionId, 'echo secret > ~/left.txt && cat ~/left.txt')).toMatchObject({
      stdout: 'secret\n',
      success: true,
    });
    await broker.release(first.sessionId, 'test', 'done');
    await expect(broker.connect(first.sessionId)).rejects.toMatchObject({ code: 'session_gone' });
    await eventually(async () => (await containerOf(first.machineId ?? '')) === '');
    await ready(1);
    const second = await acquire('second-session');
    const two = await broker.connect(second.sessionId);
    expect(second.machineId).not.toBe(first.machineId);
    expect((await two.guest.health()).bootId).not.toBe(boot);
    expect((await run(second.sessionId, 'cat ~/left.txt')).success).toBe(false);
    await broker.release(second.sessionId, 'test', 'done');
    await ready(1);
  });

  test('a killed container fails its session with the reason, and the pool recovers', async () => {
    const { sessionId, machineId } = await acquire('killed-session');
    await docker('kill', await containerOf(machineId ?? ''));
    await eventually(() => broker.sessions.get(sessionId).status === 'failed');
    expect(broker.sessions.get(sessionId).reason).toMatch(/ended|lost/);
    await ready(1);
    expect((await acquire('after-the-kill')).machineId).not.toBe(machineId);
    await broker.release('after-the-kill', 'test', 'done');
  });

  test('a restart adopts the same container, and leaves foreign ones alone', async () => {
    await ready(1);
    const session = await acquire('adopted-session');
    await run(session.sessionId, 'echo here > ~/kept.txt');
    const container = await containerOf(session.machineId ?? '');
    const image = (await broker.pools.machines('desktop'))[0]?.image ?? '';
    const foreign = await docker('create', '--entrypoint', 'true', image);
    try {
      await broker.stop({ destroy: false });
      broker = make();
      await broker.start();
      const again = await acquire('adopted-session');
      expect(again.machineId).toBe(session.machineId);
      expect(await containerOf(session.machineId ?? '')).toBe(container);
      expect((await run(session.sessionId, 'cat ~/kept.txt')).stdout).toBe('here\n');
      await ready(1);
      expect(await docker('ps', '--all', '--quiet', '--no-trunc', '--filter', `id=${foreign}`)).toBe(foreign);
    } finally {
      await docker('rm', foreign);
    }
    await broker.release('adopted-session', 'test', 'done');
  });
});
