import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withAsked, type PoolPatch } from '@shared/pool';
import { createBus } from '../../base/bus';
import { asWheelhouseError, WheelhouseError } from '../../base/errors';
import { countingIds } from '../../base/ids';
import { silentLogger } from '../../base/logger';
import { connectGuest } from '../../guest/index';
import type { createFakeBackend, FakeBackend } from '../../sandbox/fake';
import { openDatabase, sql, transaction, type Database } from '../../store/database';
import { poolStore } from '../../store/pools';
import { createBroker } from '../index';
import type { Broker } from '../types';
import { Life } from './life';
import { ModelTime } from './modelTime';
import { Watcher } from './watcher';

/** Turns of the event loop without a sign of life until all counts as quiet: with nothing under way, and with something. */
const quietTurns = { free: 6, stuck: 40 };
const mostTurns = 600;

/** One store and one fake engine, on which the broker's processes come and die; time stands still unless told to go on. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'model-'));
  readonly time = new ModelTime();
  readonly db: Database = openDatabase(':memory:');
  readonly watcher = new Watcher(this.db);
  readonly backend: FakeBackend;
  /** Of the pools in the slots; null: none yet. */
  readonly pools: (string | null)[] = ['desktop', null, null];
  /** How often each point was passed, over all lives. */
  readonly points = new Map<string, number>();
  life!: Life;
  broker!: Broker;
  private stopped: Life | null = null;
  private moves = 0;
  private readonly ids = countingIds();
  private readonly giveTimersBack: () => void;
  private seed = 1;

  /** `first` is what the first pool is. */
  constructor(make: typeof createFakeBackend, parks: boolean | 'optional', first: PoolPatch = {}) {
    this.giveTimersBack = this.time.install();
    this.backend = make({ dataDir: this.folder, parks });
    const store = poolStore(this.db);
    const spec = store.get('desktop')?.spec;
    if (!spec) throw new Error('There is no first pool.');
    const fresh = { ...spec, backend: 'fake' as const, warm: { minimum: 1, maximum: 3 } };
    transaction(this.db, () =>
      store.setSpec('desktop', withAsked({ ...fresh, idle: { policy: 'release', afterSeconds: 600 } }, first)),
    );
    this.begin();
  }

  /** A new process on what the last one left. */
  begin(): void {
    const life = new Life(
      () => void (this.moves += 1),
      (point) => {
        this.points.set(point, (this.points.get(point) ?? 0) + 1);
        if (point.endsWith('+')) this.watcher.look();
      },
    );
    this.life = life;
    // Who called the last process waits no longer.
    for (const model of this.watcher.sessions.values()) model.calls = 0;
    const { backend } = this;
    const broker = createBroker({
      db: this.db,
      backends: new Map([['fake', life.backend(backend)]]),
      connectGuest: life.connect(connectGuest),
      probeScreen: () => life.bound(Promise.resolve({ width: 1280, height: 800, blank: false })),
      controlState: (sessionId) => {
        const { human, epoch } = this.watcher.session(sessionId);
        return {
          ...{ kind: human ? 'human' : 'agent', holder: human ? 'olga' : null, since: new Date(0).toISOString() },
          ...{ epoch, private: false, lapsesAt: null, lapseReason: null, askedBy: null },
        };
      },
      bus: createBus((error) => this.broke(error)),
      clock: {
        ...this.time.clock,
        after: (ms, run) => this.time.clock.after(ms, () => (life.dead ? undefined : run())),
      },
      ids: this.ids,
      logger: silentLogger,
      random: () => (this.seed = (this.seed * 16_807) % 2_147_483_647) / 2_147_483_647,
      fault: life.fault,
    });
    this.broker = broker;
    broker.start().catch((error: unknown) => {
      // A start that is stopped on its way says so.
      if (!life.dead && this.stopped !== life) this.broke(error);
    });
  }
  /** Whatever is under way goes on until nothing moves. */
  async drain(turns: number | null = null): Promise<void> {
    let quiet = 0;
    for (let n = 0; n < (turns ?? mostTurns); n++) {
      const before = this.moves;
      await new Promise((resolve) => setImmediate(resolve));
      quiet = this.moves === before ? quiet + 1 : 0;
      if (turns === null && quiet >= (this.life.pending > 0 ? quietTurns.stuck : quietTurns.free)) return;
    }
  }
  /** Stops the process in good order, with all the time that it wants. */
  async stop(): Promise<void> {
    const { life, broker } = this;
    this.stopped = life;
    let done = life.dead;
    const over = (error?: unknown): void => {
      done = true;
      if (error !== undefined && !life.dead) this.broke(error);
    };
    if (!done) broker.stop({ destroy: false }).then(() => over(), over);
    for (let n = 0; n < 40 && !done; n++) {
      await this.drain();
      if (!done) this.time.step(1000);
    }
    if (!done) this.broke(new Error('The broker did not stop within 40 s.'));
    life.kill();
  }
  broke(error: unknown): void {
    this.watcher.broken ??= error instanceof Error ? error : new Error(String(error));
  }
  /** Only coded refusals come out of a broker that lives. */
  refused(what: string, error: unknown): WheelhouseError {
    const coded = asWheelhouseError(error);
    if (!(error instanceof WheelhouseError)) {
      const words = error instanceof Error ? error.message : String(error);
      this.broke(new Error(`${what}: “${words}” is not a coded error`, { cause: error }));
    }
    return coded;
  }
  integrity(): string {
    return (sql(this.db, 'PRAGMA integrity_check').get() as { integrity_check: string }).integrity_check;
  }
  async close(): Promise<void> {
    this.life.kill();
    await this.drain(3);
    await this.backend.close();
    this.db.close();
    this.giveTimersBack();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
