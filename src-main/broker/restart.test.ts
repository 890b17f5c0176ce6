import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { poolDefaults } from '@shared/pool';
import { agent, eventually, Mortal, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const signal = new AbortController().signal;

describe('a restart', () => {
  test('goes on with the same sessions on the same machines, and warm ones after a check', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start();
    const before = await world.acquire({ sessionId: 'key-00000001', name: 'one' });
    await world.ready(1);
    const warm = world.inState('ready')[0];
    const created = world.backend.created.length;
    const live: string[] = [];
    await world.broker.stop({ destroy: false });
    const broker = world.make();
    broker.onLive((session) => live.push(session.sessionId));
    const starting = broker.start();
    expect(world.inState('ready')).toEqual([]);
    await starting;
    expect(live).toEqual([before.sessionId]);
    const connected = await broker.connect(before.sessionId);
    expect((await connected.guest.health()).machineId).toBe(before.machineId);
    const again = await world.acquire({ sessionId: 'key-00000001', name: 'one' });
    expect(again).toMatchObject({
      machineId: before.machineId,
      computerId: before.computerId,
      createdAt: before.createdAt,
    });
    await world.ready(1);
    expect(world.inState('ready')[0]).toMatchObject({ machineId: warm?.machineId, bootId: warm?.bootId });
    expect(world.backend.created.length).toBe(created);
  });

  test('notices what died meanwhile', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start();
    const dead = await world.acquire();
    await world.ready(1);
    const warm = world.inState('ready')[0]?.machineId ?? '';
    await world.broker.stop({ destroy: false });
    world.backend.kill(dead.machineId ?? '');
    world.backend.kill(warm);
    await world.start();
    expect(world.broker.sessions.get(dead.sessionId)).toMatchObject({ status: 'failed' });
    expect(world.broker.sessions.get(dead.sessionId).reason).toMatch(/ended/);
    await world.ready(1);
    expect(world.inState('ready')[0]?.machineId).not.toBe(warm);
    expect(world.condition('Warm')?.reason).toBe('MachineQuarantined');
  });

  test('ends machines of ours that the store does not know, and takes nothing for an orphan that is being made', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start();
    await world.ready(1);
    await world.broker.stop({ destroy: false });
    const spec = { poolId: 'desktop', image: 'wheelhouse/fake:1', size: poolDefaults.size, secret: 'x'.repeat(43) };
    await world.backend.create({ ...spec, machineId: 'm_orphan' }, signal);
    await world.start();
    await eventually(async () => !(await world.backend.list(signal)).some((one) => one.machineId === 'm_orphan'));
    world.backend.faults.createDelayMs = 150;
    const { machineId } = await world.acquire();
    await world.ready(1);
    expect(world.broker.sessions.live()[0]?.machineId).toBe(machineId);
    expect(world.inState('quarantined')).toEqual([]);
  });

  test('a caller that waited may come again with its key', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 1 } });
    await world.start();
    const { sessionId } = await world.acquire();
    const waiting = world.acquire({ sessionId: 'key-00000002' }).catch((error: { code: string }) => error.code);
    await eventually(() => world.sessions().some((row) => row.status === 'queued'));
    await world.restart();
    expect(await waiting).toBe('not_ready');
    const again = world.acquire({ sessionId: 'key-00000002' });
    await world.broker.release(sessionId, 'test', 'done');
    expect((await again).status).toBe('active');
  });

  test('with the backend away: sessions wait, and go on when their guests answer', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    await world.start();
    const { sessionId, machineId } = await world.acquire();
    await world.ready(1);
    await world.broker.stop({ destroy: false });
    world.backend.faults.unreachable = true;
    await world.start();
    expect((await world.broker.connect(sessionId)).session).toMatchObject({ machineId, status: 'active' });
    expect(world.inState('ready')).toEqual([]);
    world.backend.faults.unreachable = false;
    await world.ready(1);
  });

  test('stopping with destroy leaves nothing behind, and refuses what comes after', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start();
    const { sessionId } = await world.acquire();
    await world.ready(1);
    await world.broker.stop({ destroy: true });
    expect(await world.backend.list(signal)).toEqual([]);
    expect(world.machines()).toEqual([]);
    expect(world.sessions().map((row) => [row.sessionId, row.status])).toEqual([[sessionId, 'released']]);
    await expect(world.acquire()).rejects.toMatchObject({ code: 'not_ready' });
  });
});

const pool = { warm: { minimum: 1, maximum: 3 } };
const keys = ['key-00000001', 'key-00000002', 'key-00000003'] as const;

/** A short life: three sessions, one of which ends. What the callers were told is what must hold after a crash. */
async function shortLife(mortal: Mortal): Promise<Map<string, { machineId: string; released: boolean }>> {
  const told = new Map<string, { machineId: string; released: boolean }>();
  const over = (): boolean => mortal.dead;
  await world.start(mortal.options()).catch(() => {});
  const acquire = async (sessionId: string): Promise<void> => {
    const asked = world.acquire({ sessionId, caller: agent, waitMs: 3000 }).then(
      (session) => void told.set(sessionId, { machineId: session.machineId ?? '', released: false }),
      () => {},
    );
    await Promise.race([asked, eventually(over).catch(() => {})]);
  };
  await acquire(keys[0]);
  await Promise.all([acquire(keys[1]), acquire(keys[2])]);
  if (!over()) {
    await world.broker.release(keys[0], 'test', 'done').then(
      () => told.set(keys[0], { machineId: told.get(keys[0])?.machineId ?? '', released: true }),
      () => {},
    );
  }
  await eventually(() => over() || (world.inState('ready').length === 1 && world.machines().length === 3));
  return told;
}

/** What must be true of any store and any engine at any time. */
async function invariants(): Promise<void> {
  expect(world.integrity()).toBe('ok');
  const served = world.sessions().flatMap((row) => (row.machineId === null ? [] : [row.machineId]));
  expect(new Set(served).size, 'a machine served two sessions').toBe(served.length);
  expect(world.machines().length).toBeLessThanOrEqual(3);
}

describe.each([{ parks: false }, { parks: true }])(
  'killed at every named point, where machines are parked: $parks',
  (engine) => {
    test('the next broker goes on: nothing is lost, nothing is doubled', { timeout: 120_000 }, async () => {
      world = new World(createFakeBackend, pool, engine);
      const whole = new Mortal(null);
      await shortLife(whole);
      await world.close();
      const points = new Map<string, number>();
      for (const point of whole.passed) points.set(point, Math.min(engine.parks ? 1 : 3, (points.get(point) ?? 0) + 1));
      const named = [
        'create.intent',
        'create',
        'create.started',
        'check.contact',
        'check.passed',
        'queue',
        'lease',
        'release.intent',
        'release.done',
        'destroy',
        'destroy.gone',
        ...(engine.parks ? ['park', 'wake'] : []),
      ];
      expect([...points.keys()]).toEqual(expect.arrayContaining(named.flatMap((point) => [point, `${point}+`])));

      for (const [point, times] of points) {
        for (let nth = 1; nth <= times; nth++) {
          world = new World(createFakeBackend, pool, engine);
          const mortal = new Mortal({ point, nth });
          const told = await shortLife(mortal);
          await invariants();
          const where = `killed at ${point}, time ${nth}: `;

          await world.start();
          await invariants();
          for (const [sessionId, { machineId, released }] of told) {
            const row = world.broker.sessions.get(sessionId);
            expect(row.machineId, where + sessionId).toBe(machineId);
            if (released) expect(row.status, where).toBe('released');
            else if (sessionId !== keys[0]) expect(row.status, where).toBe('active');
          }
          for (const sessionId of keys) {
            const ended = world.sessions().find((row) => row.sessionId === sessionId)?.endedAt;
            if (ended) continue;
            const session = await world.acquire({ sessionId, caller: agent });
            const { guest } = await world.broker.connect(sessionId);
            expect((await guest.health()).machineId, where).toBe(session.machineId);
            if (sessionId === keys[0]) await world.broker.release(sessionId, 'test', 'done');
          }
          await eventually(
            async () => {
              const there = (await world.backend.list(signal)).map((one) => one.machineId).sort();
              const known = world
                .machines()
                .map((row) => row.machineId)
                .sort();
              return world.inState('ready').length === 1 && known.length === 3 && there.join() === known.join();
            },
            () => where + world.describe(),
          );
          expect(world.inState('quarantined'), where).toEqual([]);
          await invariants();
          await world.close();
        }
      }
      world = new World(createFakeBackend);
    });

    test('a step that fails once, as on a full disk, harms its own call only', { timeout: 120_000 }, async () => {
      world = new World(createFakeBackend, pool, engine);
      const whole = new Mortal(null);
      await shortLife(whole);
      await world.close();
      // After a commit nothing can fail any more; after an effect its answer can be lost.
      const effects = ['create+', 'destroy+', 'check.contact+', 'park+', 'wake+'];
      const points = [...new Set(whole.passed)].filter(
        (point) => point !== 'recover' && (!point.endsWith('+') || effects.includes(point)),
      );
      expect(points.length).toBeGreaterThan(12);
      // Others come with the timing only: whether one waits, whether one is too many.
      const always = new Set([
        'create.intent',
        'create',
        'create+',
        'create.started',
        'check.passed',
        'lease',
        'release.intent',
        'release.done',
        'destroy',
        'destroy.gone',
      ]);
      for (const point of points) {
        world = new World(createFakeBackend, pool, engine);
        let broken = false;
        const fault = (at: string): void => {
          if (at !== point || broken) return;
          broken = true;
          throw new Error(`no space left at ${at}`);
        };
        await world.start({ fault });
        const insist = async <T>(act: () => Promise<T>): Promise<T> => {
          try {
            return await act();
          } catch {
            return act();
          }
        };
        for (const sessionId of keys) {
          const session = await insist(() => world.acquire({ sessionId }));
          expect((await world.broker.connect(sessionId)).target.machineId).toBe(session.machineId);
        }
        await world.broker.release(keys[0], 'test', 'done').catch(() => {});
        await eventually(() => {
          if (world.broker.sessions.get(keys[0]).status === 'active')
            void world.broker.release(keys[0], 'test', 'done');
          return world.broker.sessions.get(keys[0]).status === 'released';
        });
        await eventually(
          () => world.inState('ready').length === 1 && world.inState('leased').length === 2,
          () => `${point}: ${world.describe()}`,
        );
        if (always.has(point)) expect(broken, point).toBe(true);
        await invariants();
        await world.close();
      }
      world = new World(createFakeBackend);
    });

    test('sixty deaths in a row at random points', { timeout: 120_000 }, async () => {
      world = new World(createFakeBackend, pool, engine);
      let seed = 20_260_101;
      const random = (below: number): number => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed % below;
      };
      const told = new Map<string, string>();
      for (let life = 0; life < 60; life++) {
        const mortal = new Mortal(null);
        let left = 1 + random(40);
        const fault = (point: string): void => {
          left -= 1;
          if (left <= 0) mortal.dead = true;
          if (mortal.dead) throw new Error(`killed at ${point}`);
        };
        await world.start({ fault, clock: mortal.clock }).catch(() => {});
        for (const [sessionId, machineId] of told)
          expect(world.sessions().find((row) => row.sessionId === sessionId)?.machineId).toBe(machineId);
        for (let n = 0; n < 4 && !mortal.dead; n++) {
          const sessionId = `life-${life}-session-${n}`;
          const asked = world.acquire({ sessionId, waitMs: 1000 }).then(
            (session) => void told.set(sessionId, session.machineId ?? ''),
            () => {},
          );
          await Promise.race([asked, eventually(() => mortal.dead).catch(() => {})]);
          const living = world.sessions().filter((row) => row.status === 'active');
          const one = living[random(Math.max(1, living.length))];
          if (one && !mortal.dead) await world.broker.release(one.sessionId, 'test', 'done').catch(() => {});
        }
        if (!mortal.dead) mortal.dead = true;
        await invariants();
      }
      await world.start();
      for (const row of world.sessions()) {
        if (row.endedAt === null) await world.broker.release(row.sessionId, 'test', 'done').catch(() => {});
      }
      await eventually(
        async () =>
          world.inState('ready').length === 1 &&
          world.machines().length === 1 &&
          (await world.backend.list(signal)).length === 1,
        () => world.describe(),
      );
    });
  },
);
