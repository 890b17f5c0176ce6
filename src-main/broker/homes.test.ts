import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import { FakeClock } from '../base/clock';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import type { BrokerOptions } from './options';
import { admin, agent, eventually, pass, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const { signal } = new AbortController();
const other = { ...agent, tokenId: 't2', name: 'codex' };
const keep: PoolPatch = {
  warm: { minimum: 1, maximum: 4 },
  home: { policy: 'keep', quotaMiB: 100, expiresAfterDays: 30 },
};
const begin = async (patch: PoolPatch = keep, options: Partial<BrokerOptions> = {}) => {
  world = new World(createFakeBackend, patch);
  await world.start(options);
};
const rows = () => homeStore(world.db).all();
/** What the engine has. */
const disks = async () => (await world.backend.homes!.list(signal)).map((one) => one.homeId).sort();
const write = async (sessionId: string, words: string) => {
  const { guest } = await world.broker.connect(sessionId);
  await guest.writeFile({ epoch: 0, path: 'kept.txt', data: Buffer.from(words) });
};
const read = async (sessionId: string) => {
  const { guest } = await world.broker.connect(sessionId);
  return (await guest.readFile('kept.txt')).toString();
};
const homeOf = (session: { home?: { homeId: string; keep: boolean } | null }): string => session.home?.homeId ?? '';

/** Somebody sets the clock on the wall. */
class WallClock extends FakeClock {
  ahead = 0;
  override now(): number {
    return super.now() + this.ahead;
  }
}

describe('a kept home', () => {
  test('whose disk is gone is said to be gone, and is not an empty one', async () => {
    await begin();
    const one = await world.acquire();
    const homeId = homeOf(one);
    await write(one.sessionId, 'mine');
    await world.broker.release(one.sessionId, 'test', 'done');
    // Somebody tidied up the engine by hand.
    await eventually(async () => {
      await world.backend.homes!.remove(homeId, signal).catch(() => {});
      return !(await disks()).includes(homeId);
    });
    const again = world.acquire({ homeId });
    await expect(again).rejects.toMatchObject({ code: 'guest_failed', message: expect.stringMatching(/is gone/) });
    expect(await disks()).not.toContain(homeId);
    // It goes with the machine that failed for it, which is kept for a look.
    await world.broker.homes.remove(homeId, 'olga');
    for (const { machineId, state } of world.machines())
      if (state === 'quarantined') await world.broker.pools.destroyMachine(machineId);
    await eventually(() => !rows().some((row) => row.homeId === homeId));
  });

  test('comes with a warm machine, stays after its session, and another session goes on with it', async () => {
    await begin();
    await world.ready(1);
    expect(world.broker.homes.list()).toEqual([]);
    const one = await world.acquire();
    expect(one.home).toEqual({ homeId: expect.stringMatching(/^home_/), keep: true });
    const homeId = homeOf(one);
    expect(world.broker.homes.get(homeId)).toMatchObject({
      ...{ state: 'attached', sessionId: one.sessionId, machineId: one.machineId, caller: 'claude' },
      ...{ poolId: 'desktop', quotaMiB: 100, quotaEnforced: false, expiresAt: null },
    });
    await write(one.sessionId, 'mine');
    await expect(world.acquire({ homeId })).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.broker.homes.remove(homeId, 'olga')).rejects.toMatchObject({ code: 'conflict' });
    await world.broker.release(one.sessionId, 'test', 'done');
    expect(world.broker.homes.get(homeId)).toMatchObject({ state: 'kept', sessionId: null });
    expect(Date.parse(world.broker.homes.get(homeId).expiresAt ?? '') - Date.now()).toBeGreaterThan(29 * 86_400_000);

    const two = await world.acquire({ homeId });
    expect(two.home).toEqual({ homeId, keep: true });
    expect(two.machineId).not.toBe(one.machineId);
    expect(await read(two.sessionId)).toBe('mine');
    const seen = world.events.flatMap((event) => (event.event === 'home' ? [event.data.state] : []));
    expect(seen).toEqual(expect.arrayContaining(['attached', 'kept']));
  });

  test('goes on an order, and only then; its disk goes with it', async () => {
    await begin();
    const one = await world.acquire();
    const homeId = homeOf(one);
    await write(one.sessionId, 'mine');
    await world.broker.release(one.sessionId, 'test', 'done');
    const content = await world.broker.homes.read(homeId, signal);
    expect(content.format).toBe('tar');
    expect(await text(content.stream)).toContain(Buffer.from('mine').toString('base64'));
    world.backend.faults.homeRemoveFails = 'internal';
    await world.broker.homes.remove(homeId, 'olga');
    expect(world.broker.homes.get(homeId).state).toBe('deleting');
    await world.broker.homes.remove(homeId, 'olga');
    await expect(world.acquire({ homeId })).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.broker.homes.read(homeId, signal)).rejects.toMatchObject({ code: 'not_found' });
    await eventually(() => rows().some((row) => row.reason?.startsWith('Removing it failed') === true));
    world.backend.faults.homeRemoveFails = null;
    await eventually(async () => !(await disks()).includes(homeId) && !rows().some((row) => row.homeId === homeId));
    expect(world.events).toContainEqual({ event: 'home_removed', data: { homeId } });
    expect(() => world.broker.homes.get(homeId)).toThrow(/no such home/);
    await expect(world.broker.homes.remove('home_none', 'olga')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is its caller’s: another token gets no machine with it, an admin does', async () => {
    await begin();
    const one = await world.acquire();
    const homeId = homeOf(one);
    await write(one.sessionId, 'mine');
    await world.broker.release(one.sessionId, 'test', 'done');
    await expect(world.acquire({ homeId, caller: other })).rejects.toMatchObject({ code: 'forbidden' });
    const two = await world.acquire({ homeId, caller: admin });
    expect(await read(two.sessionId)).toBe('mine');
    expect(world.broker.homes.get(homeId).caller).toBe('claude');
    expect(world.broker.homes.list({ caller: 'codex' })).toEqual([]);
    expect(world.broker.homes.list({ poolId: 'desktop', caller: 'claude' })).toHaveLength(1);
    // Nor does anybody get the home of a warm machine, whatever they guess.
    await world.ready(1);
    const warm = world.inState('ready')[0]?.homeId ?? '';
    expect(warm).not.toBe('');
    for (const caller of [agent, admin])
      await expect(world.acquire({ homeId: warm, caller })).rejects.toMatchObject({ code: /forbidden|conflict/ });
    expect(() => world.broker.homes.get(warm)).toThrow(/no such home/);
  });

  test('may be named by who asks for it, once at a time', async () => {
    await begin();
    const [one, two] = await Promise.allSettled([world.acquire({ homeId: 'work' }), world.acquire({ homeId: 'work' })]);
    expect([one, two].map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const [session] = world.broker.sessions.live();
    expect(session?.home).toEqual({ homeId: 'work', keep: true });
    expect(world.machines().filter((row) => row.homeId === 'work')).toHaveLength(1);
  });

  test('a disk that the store does not know is nobody’s, and stays', async () => {
    await begin();
    await world.ready(1);
    const spec = world.machines()[0]!;
    const { poolId, image, size, secret } = spec;
    const home = { homeId: 'found', quotaMiB: 1 };
    await world.backend.create({ poolId, image, size, secret, machineId: 'm_before', home }, signal);
    await world.backend.destroy('m_before', signal);
    await expect(world.acquire({ homeId: 'found' })).rejects.toMatchObject({ code: 'conflict' });
    await world.restart();
    await world.ready(1);
    expect(await disks()).toContain('found');
  });

  test('expires by counted time, and a jump of the wall clock changes nothing', async () => {
    const clock = new WallClock();
    await begin(
      { ...keep, home: { policy: 'keep', quotaMiB: 0, expiresAfterDays: 1 } },
      { clock, limits: { homesEveryMs: 60_000, tickMs: 30_000, sleepGapMs: 120_000 } },
    );
    await world.ready(1);
    const one = await world.acquire();
    const homeId = homeOf(one);
    await world.broker.release(one.sessionId, 'test', 'done');
    clock.ahead = 400 * 86_400_000;
    await pass(clock, 120_000, 10_000);
    expect(world.broker.homes.get(homeId).state).toBe('kept');
    await pass(clock, 25 * 3_600_000, 1_800_000);
    await eventually(async () => {
      await pass(clock, 60_000, 30_000);
      return !rows().some((row) => row.homeId === homeId) && !(await disks()).includes(homeId);
    });
  });
});

describe('a home', () => {
  const suspend: PoolPatch = { warm: { minimum: 1, maximum: 4 }, idle: { policy: 'suspend', afterSeconds: 900 } };

  test('that nothing keeps goes with its session, one that nobody had with its machine', async () => {
    await begin(suspend);
    await world.ready(1);
    const warm = world.inState('ready')[0]?.homeId ?? '';
    const one = await world.acquire();
    expect(one.home).toEqual({ homeId: warm, keep: false });
    await world.broker.release(one.sessionId, 'test', 'done');
    expect(rows().find((row) => row.homeId === warm)?.deleting).toBe(true);
    await eventually(async () => !(await disks()).includes(warm));
    await world.ready(1);
    world.patch({ paused: true, warm: { minimum: 0, maximum: 1 } });
    const left = world.inState('ready')[0]!;
    await world.broker.pools.destroyMachine(left.machineId);
    await eventually(async () => rows().length === 0 && (await disks()).length === 0);
    expect(world.events.some(({ event }) => event === 'home_removed')).toBe(true);
  });

  test('is measured, and whoever has too much in it is told', async () => {
    await begin(
      { ...keep, home: { policy: 'keep', quotaMiB: 1, expiresAfterDays: 1 } },
      { limits: { homesEveryMs: 20 } },
    );
    const one = await world.acquire();
    await write(one.sessionId, 'x'.repeat(2_000_000));
    await eventually(() => world.broker.homes.get(homeOf(one)).overQuota);
    expect(world.broker.homes.get(homeOf(one)).bytes).toBeGreaterThan(2_000_000);
  });

  test('warm machines without one go when their pool begins to keep homes', async () => {
    await begin({ warm: { minimum: 1, maximum: 2 } });
    await world.ready(1);
    const before = world.inState('ready')[0]?.machineId;
    expect(world.inState('ready')[0]?.homeId).toBeNull();
    world.patch({ home: { policy: 'keep', quotaMiB: 10, expiresAfterDays: 1 } });
    const session = await world.acquire();
    expect(session.home?.keep).toBe(true);
    expect(session.machineId).not.toBe(before);
  });

  test('of a machine that failed with it is free for the next session, unless somebody keeps the machine', async () => {
    await begin();
    const one = await world.acquire({ homeId: 'work' });
    await write(one.sessionId, 'mine');
    world.broker.fail(one.sessionId, 'It died.');
    expect(world.inState('quarantined')).toHaveLength(1);
    world.broker.machines.keep(one.machineId ?? '');
    await expect(world.acquire({ homeId: 'work' })).rejects.toMatchObject({
      code: 'conflict',
      data: { machineId: one.machineId },
    });
    await world.broker.pools.destroyMachine(one.machineId ?? '');
    const two = await world.acquire({ homeId: 'work' });
    world.broker.fail(two.sessionId, 'It died.');
    const three = await world.acquire({ homeId: 'work' });
    expect(await read(three.sessionId)).toBe('mine');
  });

  test('that ends at its quota needs one', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } });
    const homes = { ...world.backend.homes!, enforcesQuota: true };
    world.backends.set('fake', { ...world.backend, homes });
    await world.start();
    const home = { policy: 'keep', quotaMiB: 0, expiresAfterDays: 1 } as const;
    expect(() => world.patch({ home })).toThrow(/home\.quotaMiB: .+ at least 16 MiB/);
    expect(() =>
      world.patch({ idle: { policy: 'suspend', afterSeconds: 60 }, home: { ...home, policy: 'none' } }),
    ).toThrow(/at least 16 MiB/);
    world.patch({ home: { ...home, policy: 'none' } });
    world.patch({ home: { ...home, quotaMiB: 16 } });
    expect((await world.acquire()).home?.keep).toBe(true);
  });

  test('on a backend without any is refused in words, and so is what needs one', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } }, { homes: false, checkpoints: false });
    await world.start();
    expect(() => world.patch(keep)).toThrow(/home\.policy: the fake backend keeps no homes; use none/);
    expect(() => world.patch({ idle: { policy: 'suspend', afterSeconds: 60 } })).toThrow(/use release/);
    expect(() => world.patch({ idle: { policy: 'suspend', keeps: 'machine', afterSeconds: 60 } })).toThrow(
      /can't save machines; use home/,
    );
    await expect(world.acquire({ homeId: 'work' })).rejects.toMatchObject({
      code: 'bad_request',
      data: { details: [{ path: 'homeId', message: 'this pool keeps no homes' }] },
    });
  });
});

describe('one token’s homes', () => {
  test('are bounded in a pool, kept ones too, and its own again is none more', async () => {
    await begin(keep, { limits: { homesPerToken: 2 } });
    const made: string[] = [];
    for (const _ of [1, 2]) {
      const session = await world.acquire({ waitMs: 20_000 });
      made.push(homeOf(session));
      await world.broker.release(session.sessionId, 'test', 'done');
    }
    const refused = { code: 'session_limit', status: 429, data: { limit: 2, homes: 2 } };
    await expect(world.acquire()).rejects.toMatchObject(refused);
    await expect(world.acquire({ homeId: 'one_more' })).rejects.toMatchObject(refused);
    const again = await world.acquire({ homeId: made[0] ?? '', waitMs: 20_000 });
    expect(homeOf(again)).toBe(made[0]);
    expect((await world.acquire({ caller: other, waitMs: 20_000 })).status).toBe('active');
    expect((await world.acquire({ caller: admin, waitMs: 20_000 })).status).toBe('active');
    await world.broker.homes.remove(made[1] ?? '', 'claude');
    await eventually(() => rows().every((row) => row.homeId !== made[1]));
    expect((await world.acquire({ waitMs: 20_000 })).status).toBe('active');
  });

  test('that are asked for by many requests at once keep nobody else from theirs', async () => {
    await begin({ ...keep, warm: { minimum: 0, maximum: 1 } }, { limits: { queuePerCaller: 3 } });
    const holder = await world.acquire({ caller: admin, waitMs: 20_000 });
    const asked = Array.from({ length: 3 }, (_, n) => world.acquire({ homeId: `greedy_${n}`, waitMs: 20_000 }));
    const settled = Promise.allSettled(asked);
    await expect(world.acquire({ homeId: 'greedy_3' })).rejects.toMatchObject({ code: 'queue_full' });
    const modest = world.acquire({ caller: other, homeId: 'modest', waitMs: 20_000 });
    modest.catch(() => {});
    await eventually(() => world.sessions().filter((row) => row.status === 'queued').length === 4);
    for (const one of world.sessions().filter((row) => row.status === 'queued' && row.caller === 'claude'))
      await world.broker.release(one.sessionId, 'test', 'taken back');
    await settled;
    await world.broker.release(holder.sessionId, 'test', 'done');
    expect(homeOf(await modest)).toBe('modest');
  });
});
