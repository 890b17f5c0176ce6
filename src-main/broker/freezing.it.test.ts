import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

/** Ready machines that stand still until they are handed out, on the real engine with the real image. */
const agent: Caller = { tokenId: 't', name: 'claude', role: 'agent', pools: [] };
const { signal } = new AbortController();
const since = new Date().toISOString();

let folder: string;
let db: Database;
let backend: SandboxBackend;
let hubs: ScreenHubs;
let broker: Broker;

const observed = () => broker.pools.get('desktop').observed;
async function eventually(fact: () => Promise<boolean> | boolean): Promise<void> {
  for (let n = 0; n < 1200; n++) {
    if (await fact()) return;
    await sleep(50);
  }
  throw new Error(`It never came true. ${JSON.stringify([observed(), await backend.list(signal)])}`);
}
/** What the engine says of the ready machines. */
const paused = async (): Promise<boolean[]> => {
  const seen = new Map((await backend.list(signal)).map((one) => [one.machineId, one.paused]));
  const machines = await broker.pools.machines('desktop');
  return machines.filter(({ state }) => state === 'ready').map(({ machineId }) => seen.get(machineId) === true);
};
const both = (still: boolean) => eventually(async () => (await paused()).join() === [still, still].join());

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'freezing-it-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createDockerBackend({ dataDir: folder, installationId: systemIds.make('i'), logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = createBroker({
    db,
    backends: new Map([['docker', backend]]),
    connectGuest,
    probeScreen: (target, deadline) => hubs.probe(target, deadline),
    controlState: () => ({
      ...{ kind: 'agent', holder: null, since, epoch: 1, private: false },
      ...{ lapsesAt: null, lapseReason: null, askedBy: null },
    }),
    bus: createBus(),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    limits: { healthEveryMs: 1000 },
  });
  await broker.start();
  broker.pools.update('desktop', {
    warm: { minimum: 2, maximum: 3, freeze: true },
    size: { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 },
  });
}, 90_000);
afterAll(async () => {
  await broker.stop({ destroy: true });
  expect(await backend.list(signal)).toEqual([]);
  await hubs.closeAll();
  await backend.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
}, 90_000);

test('a machine that stands still is handed out, and answers', async () => {
  await both(true);
  const times: number[] = [];
  for (let n = 0; n < 5; n++) {
    await both(true);
    const began = performance.now();
    const session = await broker.acquire({ poolId: 'desktop', caller: agent, waitMs: 30_000 }, signal);
    const { guest } = await broker.connect(session.sessionId);
    const { stdout } = await guest.exec({ epoch: 1, command: 'echo awake', timeoutMs: 10_000 });
    times.push(Math.round(performance.now() - began));
    expect(stdout.trim()).toBe('awake');
    const machine = (await backend.list(signal)).find(({ machineId }) => machineId === session.machineId);
    expect(machine).toMatchObject({ running: true, paused: false });
    await broker.release(session.sessionId, 'test', 'done');
  }
  console.info(`from acquire to the first command’s output: ${times.join(', ')} ms`);
});

test('switched off, the same machines run and answer; switched on, they stand still again', async () => {
  await both(true);
  // Several health checks long: their silence is no fault.
  await sleep(3500);
  expect(observed().machines).toMatchObject({ ready: 2, quarantined: 0 });
  const before = (await broker.pools.machines('desktop')).map(({ machineId }) => machineId);
  broker.pools.update('desktop', { warm: { minimum: 2, maximum: 3, freeze: false } });
  await both(false);
  broker.pools.update('desktop', { warm: { minimum: 2, maximum: 3, freeze: true } });
  await both(true);
  expect((await broker.pools.machines('desktop')).map(({ machineId }) => machineId)).toEqual(before);
});
