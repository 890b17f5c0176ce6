import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlState } from '@shared/control';
import type { WheelhouseEvent } from '@shared/event';
import { withAsked, type BackendKind, type PoolPatch } from '@shared/pool';
import { createBus } from '../base/bus';
import type { Caller } from '../base/caller';
import { systemClock, type Clock, type FakeClock } from '../base/clock';
import { sleep } from '../base/deadline';
import { systemIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { connectGuest } from '../guest/index';
import type { SandboxBackend } from '../sandbox/backend';
import type { createFakeBackend, FakeBackend, FakeOptions } from '../sandbox/fake';
import { openDatabase, sql, transaction, type Database } from '../store/database';
import { machineStore, type MachineRow } from '../store/machines';
import { poolStore } from '../store/pools';
import { sessionStore, type SessionRow } from '../store/sessions';
import { createBroker, type BrokerOptions, type Limits } from './index';
import type { AcquireRequest, Broker } from './types';

/** Short times between looks, as the machines are in this process; patience with each, as this computer may be busy. */
const quick: Partial<Limits> = {
  tickMs: 15,
  probeEveryMs: 60,
  listEveryMs: 60,
  healthEveryMs: 40,
  healthTimeoutMs: 1000,
  backoffMs: 20,
  backoffMaxMs: 100,
  breakMs: 400,
  breakMaxMs: 800,
  reconnectMs: 3000,
  adoptMs: 10_000,
  checkMs: 3000,
  pingMs: 1000,
  announceMs: 5,
  activityWriteMs: 20,
};

export const agent: Caller = { tokenId: 't1', name: 'claude', role: 'agent', pools: [] };
export const admin: Caller = { tokenId: 't0', name: 'olga', role: 'admin', pools: [] };

/** One data folder with its fake engine, on which brokers come and go. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'broker-'));
  readonly backend: FakeBackend;
  readonly db: Database = openDatabase(join(this.folder, 'wheelhouse.db'));
  readonly events: WheelhouseEvent[] = [];
  readonly controls = new Map<string, Partial<ControlState>>();
  readonly spared = new Set<string>();
  broker!: Broker;
  blank = false;
  readonly backends = new Map<BackendKind, SandboxBackend>();
  private readonly all: Broker[] = [];

  /** The maker is passed in, because this file keeps to the broker's layer. */
  constructor(fake: typeof createFakeBackend, patch: PoolPatch = {}, options: Partial<FakeOptions> = {}) {
    this.backend = fake({ dataDir: this.folder, ...options });
    this.backends.set('fake', this.backend);
    const pools = poolStore(this.db);
    const spec = pools.get('desktop')?.spec;
    if (!spec) throw new Error('no desktop pool');
    transaction(this.db, () => pools.setSpec('desktop', withAsked({ ...spec, backend: 'fake' as const }, patch)));
  }
  make(change: Partial<BrokerOptions> & { clock?: Clock } = {}): Broker {
    const bus = createBus((error) => {
      throw error;
    });
    bus.on((event) => this.events.push(event));
    const { limits, ...rest } = change;
    this.broker = createBroker({
      db: this.db,
      backends: this.backends,
      connectGuest,
      probeScreen: async () => ({ width: 1280, height: 800, blank: this.blank }),
      controlState: (sessionId) => ({
        kind: 'agent',
        holder: null,
        since: new Date(0).toISOString(),
        epoch: 1,
        private: false,
        lapsesAt: null,
        lapseReason: null,
        askedBy: null,
        ...this.controls.get(sessionId),
      }),
      hooks: { isSpared: (sessionId) => this.spared.has(sessionId) },
      bus,
      clock: systemClock,
      ids: systemIds,
      logger: silentLogger,
      // Room enough, whatever computer the tests run on.
      host: { memoryMiB: 1_048_576, cpus: 64 },
      ...rest,
      limits: { ...quick, ...limits },
    });
    this.all.push(this.broker);
    return this.broker;
  }
  async start(change: Partial<BrokerOptions> = {}): Promise<Broker> {
    const broker = this.make(change);
    await broker.start();
    return broker;
  }
  async restart(change: Partial<BrokerOptions> = {}): Promise<Broker> {
    await this.broker.stop({ destroy: false });
    return this.start(change);
  }
  acquire(change: Partial<AcquireRequest> = {}, signal = new AbortController().signal) {
    return this.broker.acquire({ poolId: 'desktop', caller: agent, ...change }, signal);
  }
  machines(): MachineRow[] {
    return machineStore(this.db).all();
  }
  inState(state: MachineRow['state']): MachineRow[] {
    return this.machines().filter((row) => row.state === state);
  }
  sessions(): SessionRow[] {
    return sessionStore(this.db).page({ limit: 1000, order: 'asc' }, {}).data;
  }
  /** What the backend has, by machine. */
  async states(): Promise<Map<string, string>> {
    const found = await this.backend.list(new AbortController().signal);
    return new Map(found.map((one) => [one.machineId, one.state]));
  }
  condition(type: string) {
    return this.broker.pools.get('desktop').observed.conditions.find((one) => one.type === type);
  }
  patch(patch: PoolPatch) {
    return this.broker.pools.update('desktop', patch);
  }
  ready(count: number): Promise<void> {
    return eventually(
      () => this.inState('ready').length === count,
      () => this.describe(),
    );
  }
  describe(): string {
    return JSON.stringify(this.machines().map((row) => [row.machineId, row.state, row.reason]));
  }
  integrity(): string {
    return (sql(this.db, 'PRAGMA integrity_check').get() as { integrity_check: string }).integrity_check;
  }
  async close(): Promise<void> {
    for (const broker of this.all) await broker.stop({ destroy: false });
    for (const backend of this.backends.values()) await backend.close();
    this.db.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a fact, at most 8 s. */
export async function eventually(
  fact: () => boolean | Promise<boolean>,
  words: () => string = () => '',
): Promise<void> {
  for (let n = 0; n < 1600; n++) {
    if (await fact()) return;
    await sleep(5);
  }
  throw new Error(`It never came true. ${words()}`);
}

/** A FakeClock whose time also lets real sockets breathe. */
export async function pass(clock: FakeClock, ms: number, step = 1000): Promise<void> {
  for (let done = 0; done < ms; done += step) {
    clock.advance(Math.min(step, ms - done));
    await sleep(1);
  }
}

/** A broker whose process dies at the nth passing of a named point: from then on it does nothing to anything. */
export class Mortal {
  dead = false;
  readonly passed: string[] = [];
  private readonly counts = new Map<string, number>();

  constructor(private readonly at: { point: string; nth: number } | null) {}

  readonly fault = (point: string): void => {
    const count = (this.counts.get(point) ?? 0) + 1;
    this.counts.set(point, count);
    this.passed.push(point);
    if (this.at?.point === point && this.at.nth === count) this.dead = true;
    if (this.dead) throw new Error(`killed at ${point}`);
  };
  readonly clock: Clock = {
    ...systemClock,
    after: (ms, run) => systemClock.after(ms, () => this.dead || run()),
  };
  options(): Partial<BrokerOptions> {
    return { fault: this.fault, clock: this.clock };
  }
}
