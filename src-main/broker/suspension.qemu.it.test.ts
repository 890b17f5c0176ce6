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
import { createQemuBackend } from '../sandbox/qemu';
import { createScreenHubs } from '../screen';
import type { ScreenHubs } from '../screen/types';
import { openDatabase, type Database } from '../store/database';
import { createBroker } from './index';
import type { Broker, Kept } from './types';

/** Suspended and brought back on real machines of QEMU: with their home on a disk of its own, and whole. Slow where QEMU emulates. */
const agent: Caller = { tokenId: 't', name: 'claude', role: 'agent', pools: [] };
const { signal } = new AbortController();
const sessionId = 'suspended-session';
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const limits = { resumeWaitMs: 240_000 };

let folder: string;
let db: Database;
let backend: SandboxBackend;
let hubs: ScreenHubs;
let broker: Broker;
const kept: Kept[] = [];

const run = async (command: string): Promise<string> => {
  const { guest } = await broker.connect(sessionId);
  const { epoch } = await guest.health();
  return (await guest.exec({ epoch, command, timeoutMs: 30_000 })).stdout;
};
const machines = async (): Promise<string[]> => (await backend.list(signal)).map((one) => one.machineId);
async function eventually(fact: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 240_000;
  while (!(await fact())) {
    if (Date.now() > end)
      throw new Error(`It never came true. ${JSON.stringify(broker.pools.get('desktop').observed)}`);
    await sleep(50);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'broker-away-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createQemuBackend({ dataDir: folder, installationId: systemIds.make('i'), logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = createBroker({
    ...{ db, backends: new Map([['qemu', backend]]), connectGuest, limits },
    probeScreen: (target, deadline) => hubs.probe(target, deadline),
    controlState: () => ({
      ...{ kind: 'agent', holder: null, since: new Date(0).toISOString(), epoch: 1, private: false },
      ...{ lapsesAt: null, lapseReason: null, askedBy: null },
    }),
    ...{ bus: createBus(), clock: systemClock, ids: systemIds, logger: silentLogger },
  });
  broker.onLive((_, resumed) => resumed && kept.push(resumed));
  await broker.start();
  broker.pools.update('desktop', {
    ...{ backend: 'qemu', size, warm: { minimum: 1, maximum: 2 } },
    ...{ idle: { policy: 'suspend', afterSeconds: 3600 } },
    home: { policy: 'none', quotaMiB: 64, expiresAfterDays: 1 },
  });
  await eventually(() => broker.pools.get('desktop').observed.machines.ready >= 1);
}, 480_000);
afterAll(async () => {
  await broker.stop({ destroy: true });
  expect(await machines()).toEqual([]);
  await hubs.closeAll();
  await backend.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test('comes back with its home, and then, where all of it is kept, with what ran', { timeout: 480_000 }, async () => {
  const { machineId } = await broker.acquire({ poolId: 'desktop', sessionId, caller: agent, waitMs: 30_000 }, signal);
  await run('echo kept > ~/kept.txt; echo gone > /tmp/gone.txt');
  await broker.suspend(sessionId, 'test');
  await eventually(async () => !(await machines()).includes(machineId ?? ''));
  expect(await run('cat ~/kept.txt /tmp/gone.txt 2>/dev/null')).toBe('kept\n');

  broker.pools.update('desktop', { idle: { policy: 'suspend', afterSeconds: 3600, keeps: 'machine' } });
  await run('echo there > /tmp/there.txt; echo more >> ~/kept.txt; setsid sleep 54321 >/dev/null 2>&1 &');
  await broker.suspend(sessionId, 'test');
  expect(await backend.checkpoints?.list(signal)).toHaveLength(1);
  expect(await run('cat ~/kept.txt /tmp/there.txt; pgrep -fx "sleep 54321" | wc -l')).toBe('kept\nmore\nthere\n1\n');
  expect(kept.map(({ all }) => all)).toEqual([false, true]);
  expect(await run('echo after >> ~/kept.txt; cat ~/kept.txt')).toBe('kept\nmore\nafter\n');
  await eventually(async () => (await backend.checkpoints?.list(signal))?.length === 0);

  await broker.release(sessionId, 'test', 'done');
  await eventually(async () => (await backend.homes?.list(signal))?.every((home) => home.machineId !== null) === true);
});
