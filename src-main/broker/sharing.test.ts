import { afterEach, describe, expect, test } from 'vitest';
import type { CapacityLimits } from '@shared/capacity';
import type { Pool, PoolCreate } from '@shared/pool';
import { FakeClock } from '../base/clock';
import { createFakeBackend } from '../sandbox/fake';
import { agent, eventually, pass, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const machines = (most: number): CapacityLimits => ({ machines: most, memoryMiB: null, cpus: null });
const host = { memoryMiB: 16_384, cpus: 4 };
const begin = async (minimum: number, limits = machines(4)): Promise<void> => {
  world = new World(createFakeBackend, { warm: { minimum, maximum: 8 } });
  await world.start({ host });
  world.broker.capacity.set(limits);
};
const add = (change: Partial<PoolCreate> = {}): Pool =>
  world.broker.pools.create({ displayName: 'Second', backend: 'fake', warm: { minimum: 0, maximum: 8 }, ...change });
const condition = (poolId: string, type: string) =>
  world.broker.pools.get(poolId).observed.conditions.find((one) => one.type === type);
const of = (poolId: string, state: string) =>
  world.inState(state as 'ready').filter((row) => row.poolId === poolId).length;
const acquire = (poolId: string, waitMs = 8000) =>
  world.broker.acquire({ poolId, caller: agent, waitMs }, new AbortController().signal);

describe('limits for this computer', () => {
  test('are kept, checked, and have defaults', async () => {
    await begin(1);
    expect(world.broker.capacity.get()).toMatchObject({
      limits: machines(4),
      defaults: { machines: 100, memoryMiB: 32_768, cpus: null },
      host,
    });
    expect(() => world.broker.capacity.set({ machines: 0, memoryMiB: null, cpus: null })).toThrow(
      expect.objectContaining({ code: 'bad_request' }),
    );
    await world.restart({ host });
    expect(world.broker.capacity.get().limits).toEqual(machines(4));
  });

  test('hold over all pools, and conditions say who has what', async () => {
    await begin(3);
    await world.ready(3);
    const second = add({ warm: { minimum: 3, maximum: 8 } });
    await eventually(() => of(second.id, 'ready') === 1);
    await eventually(() => condition(second.id, 'Warm')?.reason === 'HostAtCapacity');
    expect(condition(second.id, 'Warm')?.message).toMatch(
      /limit of 4 machines: “Desktop” has 3 machines, this pool has 1/,
    );
    expect(condition('desktop', 'Warm')?.status).toBe('True');
    const { taken, pools } = world.broker.capacity.get();
    expect(taken).toEqual({ machines: 4, memoryMiB: 8192, cpus: 8 });
    expect(pools.map(({ share }) => share)).toEqual([2, 2]);
    expect(world.machines()).toHaveLength(4);
  });

  test('a pool above its share gives a warm machine back to another’s callers, and keeps its sessions', async () => {
    await begin(4);
    await world.ready(4);
    const mine = await acquire('desktop');
    const second = add();
    const [one, two] = await Promise.all([acquire(second.id), acquire(second.id)]);
    expect([one.status, two.status]).toEqual(['active', 'active']);
    expect(world.machines().length).toBeLessThanOrEqual(4);
    expect(world.broker.sessions.get(mine.sessionId).status).toBe('active');
    // Both have their two now: a third caller waits.
    await expect(acquire(second.id, 150)).rejects.toMatchObject({
      code: 'acquire_timeout',
      data: { reason: 'HostAtCapacity' },
    });
    expect(of('desktop', 'leased')).toBe(1);
  });

  test('machines on their way out count until they are gone', async () => {
    await begin(0, machines(1));
    const { sessionId } = await acquire('desktop');
    world.backend.faults.destroyFails = 'guest_failed';
    await world.broker.release(sessionId, 'test', 'done');
    const second = add();
    await expect(acquire(second.id, 100)).rejects.toMatchObject({ code: 'acquire_timeout' });
    expect(world.machines()).toHaveLength(1);
    world.backend.faults.destroyFails = null;
    expect((await acquire(second.id)).status).toBe('active');
  });

  test('lowered below what exists: warm ones leave, leased ones stay', async () => {
    await begin(3);
    await world.ready(3);
    await acquire('desktop');
    await world.ready(3);
    world.broker.capacity.set(machines(1));
    await eventually(() => world.machines().length === 1);
    expect(world.inState('leased')).toHaveLength(1);
    expect(condition('desktop', 'Warm')?.reason).toBe('HostAtCapacity');
    world.broker.capacity.set(machines(3));
    await world.ready(2);
  });

  test('memory counts by the machines’ sizes; one that can never fit is told so', async () => {
    await begin(2, { machines: null, memoryMiB: 6144, cpus: null });
    await world.ready(2);
    const large = add({ size: { cpus: 1, memoryMiB: 8192, width: 1280, height: 800 } });
    await expect(acquire(large.id, 100)).rejects.toMatchObject({ data: { reason: 'HostAtCapacity' } });
    expect(condition(large.id, 'Ready')?.message ?? '').toMatch(/^Machines are made|sized 8 GiB/);
    expect(of('desktop', 'ready')).toBe(2);
    world.broker.capacity.set({ machines: null, memoryMiB: 10_240, cpus: null });
    // The two small ones leave it 6 GiB: one of them has to go.
    expect((await acquire(large.id)).status).toBe('active');
    await eventually(() => of('desktop', 'ready') === 1);
  });
});

describe('a pool whose machines can’t be made', () => {
  const slow = { backoffMs: 10, backoffMaxMs: 20, breakMs: 60_000, breakMaxMs: 60_000 };
  const broken = async (): Promise<void> => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 4 } });
    world.backend.faults.createFails = 'guest_failed';
    await world.start({ limits: slow });
    await eventually(() => condition('desktop', 'Ready')?.message.includes('5 times in a row') ?? false);
  };

  test('stops trying after five failures, says why and when, and refuses callers at once', async () => {
    await broken();
    expect(condition('desktop', 'Ready')).toMatchObject({ status: 'False', reason: 'CreateFailed' });
    const tried = world.backend.created.length;
    await expect(acquire('desktop', 30_000)).rejects.toMatchObject({
      code: 'not_ready',
      data: { reason: 'CreateFailed', retryAfterSeconds: expect.any(Number) },
    });
    expect(world.backend.created).toHaveLength(tried);
  });

  test('callers who wait as it opens are refused then', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 4 } });
    world.backend.faults.createFails = 'guest_failed';
    await world.start({ limits: slow });
    await expect(acquire('desktop', 30_000)).rejects.toMatchObject({ code: 'not_ready' });
    expect(world.sessions()).toEqual([]);
  });

  test('a person tries again: one machine, and all is well when it comes up', async () => {
    await broken();
    const tried = world.backend.created.length;
    world.broker.pools.retry('desktop');
    await eventually(() => world.backend.created.length === tried + 1);
    await eventually(() => condition('desktop', 'Ready')?.message.includes('6 times in a row') ?? false);
    world.backend.faults.createFails = null;
    world.broker.pools.retry('desktop');
    await world.ready(1);
    expect(condition('desktop', 'Ready')?.status).toBe('True');
  });

  test('another size, or a backend that was away, starts anew', async () => {
    await broken();
    world.backend.faults.createFails = null;
    world.patch({ size: { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 } });
    await world.ready(1);
  });

  test('a backend that comes back is tried at once', async () => {
    await broken();
    world.backend.faults.unreachable = true;
    await eventually(() => condition('desktop', 'Ready')?.reason === 'BackendUnreachable');
    world.backend.faults.createFails = null;
    world.backend.faults.unreachable = false;
    await world.ready(1);
  });

  test('minutes apart, one machine at a time, by a clock', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 3, maximum: 4 } });
    world.backend.faults.createFails = 'guest_failed';
    const clock = new FakeClock();
    await world.start({
      ...{ clock, random: () => 1 },
      limits: {
        backoffMs: 100,
        backoffMaxMs: 100,
        breakMs: 120_000,
        breakMaxMs: 120_000,
        tickMs: 500,
        sleepGapMs: 1e6,
      },
    });
    await pass(clock, 10_000, 100);
    const tried = world.backend.created.length;
    expect(tried).toBeGreaterThanOrEqual(5);
    await pass(clock, 100_000);
    expect(world.backend.created).toHaveLength(tried);
    await pass(clock, 30_000);
    expect(world.backend.created).toHaveLength(tried + 1);
  });
});

describe('what a pool’s machines are', () => {
  test('homes: warm ones follow one by one, leased ones stay', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 2, maximum: 6 } });
    await world.start();
    await world.ready(2);
    const { machineId } = await acquire('desktop');
    await world.ready(2);
    const withHome = () => world.inState('ready').filter((row) => row.homeId !== null).length;
    world.patch({ home: { policy: 'keep', quotaMiB: 64, expiresAfterDays: 3 } });
    await eventually(() => withHome() === 2 && world.inState('ready').length === 2);
    expect(world.inState('leased')).toMatchObject([{ machineId, homeId: null }]);
    world.patch({ home: { policy: 'none', quotaMiB: 64, expiresAfterDays: 3 } });
    await eventually(() => withHome() === 0 && world.inState('ready').length === 2);
    expect(world.inState('leased')).toMatchObject([{ machineId, homeId: null }]);
  });

  test('callers who come often find more than the minimum ready, and the pool says why', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 12 } });
    world.backend.faults.createDelayMs = 250;
    const clock = new FakeClock();
    await world.start({ clock, limits: { tickMs: 500, sleepGapMs: 1e6, healthEveryMs: 1e6, checkMs: 60_000 } });
    const settle = async (): Promise<void> => {
      for (let n = 0; n < 12; n++) await pass(clock, 1000, 500);
    };
    await settle();
    for (let n = 0; n < 12; n++) {
      const session = acquire('desktop', 30_000);
      for (let step = 0; step < 6; step++) {
        await pass(clock, 500, 500);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      await world.broker.release((await session).sessionId, 'test', 'done');
    }
    await eventually(() =>
      /more than the minimum.+a minute came lately/.test(condition('desktop', 'Warm')?.message ?? ''),
    );
    expect(world.inState('ready').length).toBeGreaterThan(1);
  });
});
