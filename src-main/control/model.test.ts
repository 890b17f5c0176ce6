import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { createBus } from '../base/bus';
import { FakeClock, type Clock } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { openDatabase } from '../store/database';
import { createTimeline } from '../timeline/timeline';
import { createControl, type ControlService } from './control';
import { turn } from './testing';
import type { Admission } from './types';

const names = ['Mara', 'Tom', 'Root'] as const;
type Name = (typeof names)[number];

/** Its wall clock jumps; its monotonic one and its timers do not. */
class JumpyClock implements Clock {
  offset = 0;
  constructor(private readonly steady: FakeClock) {}
  now = () => this.steady.now() + this.offset;
  monotonic = () => this.steady.monotonic();
  after = (ms: number, run: () => void) => this.steady.after(ms, run);
}

const db = openDatabase(':memory:');
const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-model-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
const ids = countingIds();
let runs = 0;

/** One session over restarts, with a machine that may be slow or fail, and everything that must hold about it. */
class World {
  readonly sessionId = `model-${String(++runs).padStart(6, '0')}`;
  readonly steady = new FakeClock();
  readonly clock = new JumpyClock(this.steady);
  readonly machine = { delayMs: 0, fails: false, epoch: 1 };
  control!: ControlService;
  timeline = createTimeline({ db, dataDir, bus: createBus(), clock: this.clock, ids, logger: silentLogger });
  open: Admission[] = [];
  last: { actor: string; epoch: number } = { actor: 'agent', epoch: 1 };
  /** Somebody let the agent have it since a person last held. */
  letGo = true;
  /** A hold ended that the agent was not told of. */
  untold = false;
  grants = 0;
  readonly violations: unknown[] = [];

  constructor() {
    this.start();
  }
  start(): void {
    // a listener's error would go no further than the bus
    const bus = createBus((error) => void this.violations.push(error));
    bus.on((event) => {
      if (event.event === 'control')
        this.look(event.data.control.kind, event.data.control.holder, event.data.control.epoch);
    });
    const life = { over: false };
    const fences = {
      raise: async (_id: string, epoch: number): Promise<void> => {
        const { delayMs, fails } = this.machine;
        if (delayMs > 0) await new Promise<void>((resolve) => void this.steady.after(delayMs, resolve));
        if (life.over) return new Promise(() => {});
        if (fails) throw new Error('link lost');
        this.machine.epoch = Math.max(this.machine.epoch, epoch);
      },
      look: async () => ({ frame: null, windows: ['a'] }),
    };
    const { timeline, clock } = this;
    this.control = createControl({ db, fences, timeline, bus, clock, ids, logger: silentLogger });
    this.crash = () => {
      life.over = true;
      this.control.stop();
      this.open = [];
      this.start();
    };
    this.control.open(this.sessionId);
  }
  crash: () => void = () => {};

  look(kind: string, holder: string | null, epoch: number): void {
    expect(epoch).toBeGreaterThanOrEqual(this.last.epoch);
    const actor = kind === 'agent' ? 'agent' : kind === 'human' ? holder : null;
    if (actor === null) return;
    if (actor !== this.last.actor) {
      expect(epoch).toBeGreaterThan(this.last.epoch);
      // the machine was told before anybody acts; a restart tells it when it connects
      if (actor !== 'agent') expect(this.machine.epoch).toBeGreaterThanOrEqual(epoch);
    }
    if (actor === 'agent' && this.last.actor !== 'agent') expect(this.letGo).toBe(true);
    if (actor !== 'agent' && (this.last.actor !== actor || epoch > this.last.epoch)) this.grants += 1;
    if (actor !== 'agent') {
      this.letGo = false;
      this.untold = true;
    }
    this.last = { actor, epoch };
  }
  check(): void {
    if (this.violations.length > 0) throw this.violations[0];
    const holders = names.filter((name) => this.control.holds(this.sessionId, name));
    const state = this.control.state(this.sessionId);
    expect(holders).toEqual(state.kind === 'human' ? [state.holder] : []);
    let admitted = true;
    try {
      this.control.admit(this.sessionId).done();
    } catch (error) {
      admitted = false;
      expect(['control_held', 'control_paused']).toContain((error as { code: string }).code);
    }
    expect(admitted).toBe(state.kind === 'agent');
    if (state.kind !== 'agent') return;
    const told = this.control.takeHandback(this.sessionId);
    expect(told !== null).toBe(this.untold);
    if (told) expect(told.heldMs).toBeGreaterThanOrEqual(0);
    this.untold = false;
    expect(this.control.takeHandback(this.sessionId)).toBeNull();
  }
}

type Command = (world: World) => void | Promise<unknown>;
const who = fc.constantFrom<Name>(...names);
const act = (world: World, by: Name, request: Parameters<ControlService['act']>[2]): Promise<unknown> =>
  world.control.act(world.sessionId, { name: by, admin: by === 'Root' }, request).catch((error: { code: string }) => {
    expect(['control_held', 'conflict', 'forbidden', 'guest_failed', 'session_gone']).toContain(error.code);
  });
const commands = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(who, fc.boolean()).map(
      ([by, force]): Command =>
        (w) =>
          void act(w, by, { action: 'take', force }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(who, fc.boolean(), fc.option(fc.nat(3))).map(([by, leavePaused, old]): Command => (w) => {
      const { epoch, holder } = w.control.state(w.sessionId);
      if (!old && holder === by) w.letGo ||= !leavePaused;
      return act(w, by, {
        action: 'release',
        leavePaused,
        note: 'n',
        ...(old !== null && { epoch: Math.max(1, epoch - old) }),
      });
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(who, who).map(
      ([by, to]): Command =>
        (w) =>
          act(w, by, { action: 'give', to }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom('request', 'keep', 'pause', 'resume'), who)
      .map(([action, by]): Command => (w) => {
        if (action === 'resume' && w.control.state(w.sessionId).kind === 'paused') w.letGo = true;
        return act(w, by, { action });
      }),
  },
  {
    weight: 2,
    arbitrary: who.map(
      (by): Command =>
        (w) =>
          w.control.viewerOpened(w.sessionId, by),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(who, fc.boolean()).map(
      ([by, clean]): Command =>
        (w) =>
          w.control.viewerClosed(w.sessionId, by, clean),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Command>((w) => w.control.touched(w.sessionId)) },
  {
    weight: 4,
    arbitrary: fc.constant<Command>((w) => {
      if (w.control.state(w.sessionId).kind === 'agent') w.open.push(w.control.admit(w.sessionId));
    }),
  },
  { weight: 3, arbitrary: fc.constant<Command>((w) => w.open.shift()?.done()) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(1, 500, 2000, 30_000, 60_000, 540_000).map(
      (ms): Command =>
        (w) =>
          w.steady.advance(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-86_400_000, -1, 3_600_000, 86_400_000).map(
      (ms): Command =>
        (w) =>
          void (w.clock.offset += ms),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Command>((w) => w.crash()) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(0, 0, 3, 700), fc.constantFrom(false, false, true)).map(
      ([delayMs, fails]): Command =>
        (w) =>
          void Object.assign(w.machine, { delayMs, fails }),
    ),
  },
);

it('control keeps its promises over takes, races, lost viewers, crashes, restarts and clock jumps', async () => {
  let grants = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(commands, fc.boolean()), { minLength: 5, maxLength: 40 }), async (run) => {
      const world = new World();
      for (const [command, settle] of run) {
        void command(world);
        // sometimes the next thing happens before this one has had its turn
        if (settle) await turn();
        world.check();
      }
      await turn();
      world.check();
      world.control.close(world.sessionId);
      expect(world.timeline.verify(world.sessionId)).toBeNull();
      const facts = world.timeline.list(world.sessionId, { limit: 500, order: 'asc' }).data;
      const told = facts.filter(({ tool }) => tool === 'control.take' || tool === 'control.give').length;
      expect(told).toBe(world.grants);
      grants += world.grants;
    }),
    { numRuns: 1000 },
  );
  // the runs were not idle
  expect(grants).toBeGreaterThan(500);
}, 120_000);
