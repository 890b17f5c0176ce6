import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
import type { Broker } from './types';

/** The broker on real machines of QEMU, which it parks, freezes, puts back and branches. Slow where QEMU emulates. */
const agent: Caller = { tokenId: 't', name: 'claude', role: 'agent', pools: [] };
const { signal } = new AbortController();
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const long = 300_000;

let folder: string;
let db: Database;
let backend: SandboxBackend;
let hubs: ScreenHubs;
let broker: Broker;

const make = (): Broker =>
  createBroker({
    db,
    backends: new Map([['qemu', backend]]),
    connectGuest,
    probeScreen: (target, deadline) => hubs.probe(target, deadline),
    controlState: () => ({
      ...{ kind: 'agent', holder: null, since: new Date(0).toISOString(), epoch: 1, private: false },
      ...{ lapsesAt: null, lapseReason: null, askedBy: null },
    }),
    bus: createBus(),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  });
async function eventually(fact: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 180_000;
  while (!(await fact())) {
    if (Date.now() > end)
      throw new Error(`It never came true. ${JSON.stringify(broker.pools.get('desktop').observed)}`);
    await sleep(50);
  }
}
const ready = (count: number) => eventually(() => broker.pools.get('desktop').observed.machines.ready >= count);
const acquire = (sessionId: string, more = {}) =>
  broker.acquire({ poolId: 'desktop', sessionId, caller: agent, waitMs: 30_000, ...more }, signal);
const run = async (sessionId: string, command: string): Promise<string> => {
  const { guest } = await broker.connect(sessionId);
  const { epoch } = await guest.health();
  return (await guest.exec({ epoch, command, timeoutMs: 30_000 })).stdout;
};
const states = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await backend.list(signal)).map((one) => [one.machineId, one.state]));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'broker-qemu-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  backend = createQemuBackend({ dataDir: folder, installationId: systemIds.make('i'), logger: silentLogger });
  hubs = createScreenHubs({ openRfb, logger: silentLogger });
  broker = make();
  await broker.start();
  broker.pools.update('desktop', { backend: 'qemu', size, warm: { minimum: 1, maximum: 3 } });
  await ready(1);
}, 360_000);
afterAll(async () => {
  await broker.stop({ destroy: true });
  expect(await states()).toEqual({});
  await hubs.closeAll();
  await backend.close();
  db.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe('on machines of QEMU', () => {
  test('parked while ready, running for its session, another one after it', { timeout: long }, async () => {
    await eventually(async () => Object.values(await states()).join() === 'paused');
    const session = await acquire('first-session');
    expect((await states())[session.machineId ?? '']).toBe('running');
    expect(session.machine).toMatchObject({ backend: 'qemu', guestAgent: true });
    expect(await run('first-session', 'echo here > ~/left.txt; cat ~/left.txt')).toBe('here\n');
    await broker.release('first-session', 'test', 'done');
    await ready(1);
    const second = await acquire('second-session');
    expect(second.machineId).not.toBe(session.machineId);
    expect(await run('second-session', 'ls ~/left.txt 2>/dev/null')).toBe('');
    await broker.release('second-session', 'test', 'done');
  });

  test('frozen over a restart of the broker, and thawed', { timeout: long }, async () => {
    const { machineId } = await acquire('frozen-session');
    await run('frozen-session', 'echo kept > ~/kept.txt');
    await broker.freeze('frozen-session');
    await broker.stop({ destroy: false });
    broker = make();
    await broker.start();
    expect((await states())[machineId ?? '']).toBe('paused');
    expect(broker.sessions.get('frozen-session')).toMatchObject({ status: 'active', frozen: true });
    await broker.thaw('frozen-session');
    expect(await run('frozen-session', 'cat ~/kept.txt')).toBe('kept\n');
    await ready(1);
  });

  test('saved, put back, and branched', { timeout: long }, async () => {
    const { machineId } = broker.machineOf('frozen-session');
    const boot = (await (await broker.connect('frozen-session')).guest.health()).bootId;
    const { bytes } = await broker.saveMachine('frozen-session', 'ck_broker_it', signal);
    try {
      expect(bytes).toBeGreaterThan(0);
      await run('frozen-session', 'echo late > ~/late.txt');
      await broker.restoreMachine('frozen-session', 'ck_broker_it', signal);
      expect(await run('frozen-session', 'cat ~/kept.txt ~/late.txt 2>/dev/null')).toBe('kept\n');
      expect((await (await broker.connect('frozen-session')).guest.health()).bootId).not.toBe(boot);
      const from = { checkpointId: 'ck_broker_it', machineId };
      const branch = await acquire('branch-session', { fromCheckpoint: from });
      expect(branch.machineId).not.toBe(machineId);
      expect(await run('branch-session', 'cat ~/kept.txt ~/late.txt 2>/dev/null')).toBe('kept\n');
      expect(broker.sessions.get('frozen-session').status).toBe('active');
      await broker.release('branch-session', 'test', 'done');
    } finally {
      await backend.checkpoints?.remove('ck_broker_it', signal);
    }
    await broker.release('frozen-session', 'test', 'done');
  });
});
