import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
import type { AcquireRequest, Broker } from './types';

/** Homes on the real engine with the real image, under the real broker. */
const agent: Caller = { tokenId: 't', name: 'claude', role: 'agent', pools: [] };
const { signal } = new AbortController();
const installationId = systemIds.make('i');
const since = new Date().toISOString();

let folder: string;
let db: Database;
let backend: SandboxBackend;
let hubs: ScreenHubs;
let broker: Broker;

const make = (homesEveryMs = 3_600_000): Broker =>
  createBroker({
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
    limits: { homesEveryMs },
  });
const acquire = (change: Partial<AcquireRequest> = {}) =>
  broker.acquire({ poolId: 'desktop', caller: agent, waitMs: 30_000, ...change }, signal);
const run = async (sessionId: string, command: string): Promise<string> => {
  const { guest } = await broker.connect(sessionId);
  const { stdout, stderr } = await guest.exec({ epoch: 1, command, timeoutMs: 10_000 });
  return `${stdout}${stderr}`.trim();
};
async function eventually(fact: () => Promise<boolean> | boolean): Promise<void> {
  for (let n = 0; n < 800; n++) {
    if (await fact()) return;
    await sleep(50);
  }
  throw new Error(`It never came true. ${JSON.stringify([broker.pools.get('desktop').observed, broker.homes.list()])}`);
}
const disks = async (): Promise<string[]> => (await backend.homes!.list(signal)).map((one) => one.homeId);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'homes-it-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createDockerBackend({ dataDir: folder, installationId, logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = make();
  await broker.start();
  broker.pools.update('desktop', {
    warm: { minimum: 1, maximum: 3 },
    size: { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 },
    home: { policy: 'keep', quotaMiB: 64, expiresAfterDays: 30 },
    acquire: { screen: true, idleSeconds: null },
  });
  await eventually(() => broker.pools.get('desktop').observed.machines.ready === 1);
}, 90_000);
afterAll(async () => {
  await broker.stop({ destroy: true });
  for (const homeId of await disks()) await backend.homes!.remove(homeId, signal);
  expect(await disks()).toEqual([]);
  await hubs.closeAll();
  await backend.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
}, 90_000);

test('a file in $HOME is there in the next session, on another machine and screen, also after a restart', async () => {
  const one = await acquire();
  const homeId = one.home?.homeId ?? '';
  expect(one.home?.keep).toBe(true);
  await run(one.sessionId, 'echo of the first > ~/kept.txt; echo gone > /tmp/gone.txt; sync');
  await expect(acquire({ homeId })).rejects.toMatchObject({ code: 'conflict' });
  await broker.release(one.sessionId, 'test', 'done');
  await broker.stop({ destroy: false });
  broker = make();
  await broker.start();

  const two = await acquire({ homeId, screen: { width: 1024, height: 768 } });
  expect(two.machineId).not.toBe(one.machineId);
  expect(two.screen).toEqual({ width: 1024, height: 768 });
  expect(await run(two.sessionId, 'cat ~/kept.txt; stat --format %U ~; ls /tmp/gone.txt')).toMatch(
    /^of the first\n\w+\nls: cannot access/,
  );
  expect(await run(two.sessionId, 'echo more >> ~/kept.txt && tail -1 ~/kept.txt')).toBe('more');
  await broker.release(two.sessionId, 'test', 'done');

  const { format, stream } = await broker.homes.read(homeId, signal);
  expect(format).toBe('tar');
  expect(await text(stream)).toContain('of the first\nmore\n');
  await broker.homes.remove(homeId, 'olga');
  await eventually(
    async () => !(await disks()).includes(homeId) && !broker.homes.list().some((home) => home.homeId === homeId),
  );
}, 120_000);

test('what is in it is measured against its quota', async () => {
  // A size is believed for a while: nobody has looked at this one yet.
  const homeId = 'much';
  const { sessionId } = await acquire({ homeId });
  const said = await run(sessionId, 'dd if=/dev/zero of=$HOME/big bs=1M count=100 2>&1; sync');
  await broker.stop({ destroy: false });
  broker = make(500);
  await broker.start();
  await eventually(() => (broker.homes.get(homeId).bytes ?? 0) > 32 * 1024 * 1024);
  const { quotaEnforced, overQuota } = broker.homes.get(homeId);
  if (quotaEnforced) expect(said).toMatch(/No space left|quota exceeded/i);
  else expect(overQuota).toBe(true);
  await broker.release(sessionId, 'test', 'done');
}, 120_000);
