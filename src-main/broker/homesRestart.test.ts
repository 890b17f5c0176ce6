import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import { eventually, Mortal, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const { signal } = new AbortController();

const patch: PoolPatch = {
  warm: { minimum: 1, maximum: 3 },
  home: { policy: 'keep', quotaMiB: 10, expiresAfterDays: 30 },
};
const keys = ['key-00000001', 'key-00000002', 'key-00000003'] as const;
const limits = { homesEveryMs: 20 };
const rows = () => homeStore(world.db).all();
const disks = async () => (await world.backend.homes!.list(signal)).map((one) => one.homeId).sort();
const content = async (sessionId: string): Promise<string> => {
  const { guest } = await world.broker.connect(sessionId);
  return (await guest.readFile('kept.txt')).toString();
};

/** What callers were told; nothing of it may be undone by a crash. */
interface Told {
  homes: Map<string, string>;
  released: Set<string>;
  written: boolean;
  deleted: boolean;
}

/** A home from a warm machine, written to, kept, had by a second session, deleted; and one named by who asks for it. */
async function life(mortal: Mortal): Promise<Told> {
  const told: Told = { homes: new Map(), released: new Set(), written: false, deleted: false };
  const dead = (): Promise<void> => eventually(() => mortal.dead).catch(() => {});
  const step = async <T>(run: () => Promise<T>, then: (result: T) => void): Promise<void> => {
    if (mortal.dead) return;
    await Promise.race([run().then(then, () => {}), dead()]);
  };
  const acquire = (sessionId: string, homeId?: string): Promise<void> =>
    step(
      () => world.acquire({ sessionId, homeId, waitMs: 3000 }),
      (session) => void told.homes.set(sessionId, session.home?.homeId ?? ''),
    );
  const release = (sessionId: string): Promise<void> =>
    step(
      () => world.broker.release(sessionId, 'test', 'done'),
      () => void told.released.add(sessionId),
    );
  const write = async (): Promise<void> => {
    const { guest } = await world.broker.connect(keys[0]);
    await guest.writeFile({ epoch: 0, path: 'kept.txt', data: Buffer.from('kept') });
  };
  await world.start({ ...mortal.options(), limits }).catch(() => {});
  await acquire(keys[0]);
  await step(write, () => (told.written = true));
  await release(keys[0]);
  const homeId = told.homes.get(keys[0]);
  await acquire(keys[1], homeId);
  await acquire(keys[2], 'work');
  await release(keys[1]);
  if (homeId)
    await step(
      () => world.broker.homes.remove(homeId, 'olga'),
      () => (told.deleted = true),
    );
  await eventually(() => mortal.dead || (told.deleted && !rows().some((row) => row.homeId === homeId)));
  return told;
}

/** What must be true of any store and any engine at any time. */
async function invariants(where: string): Promise<void> {
  expect(world.integrity()).toBe('ok');
  const had = world.machines().flatMap((row) => (row.homeId === null ? [] : [row.homeId]));
  expect(new Set(had).size, `${where}two machines have one home`).toBe(had.length);
  const live = world.sessions().filter((row) => row.endedAt === null && row.homeId !== null);
  for (const row of live) {
    const home = rows().find((one) => one.homeId === row.homeId);
    expect(home?.sessionId, `${where}${row.sessionId} does not have its home`).toBe(row.sessionId);
  }
  for (const home of rows()) {
    if (home.caller === null && !home.deleting)
      expect(had, `${where}a home without its machine`).toContain(home.homeId);
    if (home.sessionId !== null)
      expect(
        live.some((row) => row.sessionId === home.sessionId),
        `${where}a home of nobody`,
      ).toBe(true);
  }
  const known = new Set(rows().map((row) => row.homeId));
  for (const disk of await disks()) expect(known.has(disk), `${where}a disk that nobody wrote down`).toBe(true);
}

describe('killed at every point of homes’ lives', () => {
  test('the next broker goes on: none is lost, none is doubled, none is left over', { timeout: 120_000 }, async () => {
    world = new World(createFakeBackend, patch);
    const whole = new Mortal(null);
    await life(whole);
    await world.close();
    const named = ['create.intent', 'create', 'lease', 'release.done', 'destroy.gone', 'home.delete', 'home.remove'];
    const points = new Set(whole.passed);
    for (const point of [...named, 'home.gone', 'home.measured'])
      expect([...points]).toEqual(expect.arrayContaining([point, `${point}+`]));

    for (const point of points) {
      for (const nth of named.includes(point.replace('+', '')) ? [1, 2] : [1]) {
        world = new World(createFakeBackend, patch);
        const where = `killed at ${point}, time ${nth}: `;
        const told = await life(new Mortal({ point, nth }));
        await invariants(where);
        await world.start({ limits });
        await invariants(where);
        for (const [sessionId, homeId] of told.homes) {
          const row = world.sessions().find((one) => one.sessionId === sessionId);
          expect(row?.homeId, where + sessionId).toBe(homeId);
          if (told.released.has(sessionId)) expect(row?.status, where).toBe('released');
        }
        const homeId = told.homes.get(keys[0]);
        if (told.deleted) {
          await eventually(() => !rows().some((row) => row.homeId === homeId));
        } else if (homeId && told.written && !rows().find((row) => row.homeId === homeId)?.deleting) {
          for (const sessionId of [keys[0], keys[1]]) {
            const open = world.sessions().find((row) => row.sessionId === sessionId)?.endedAt === null;
            if (!open) continue;
            expect(await content(sessionId), where).toBe('kept');
            await world.broker.release(sessionId, 'test', 'done');
          }
          const session = await world.acquire({ homeId });
          expect(await content(session.sessionId), where).toBe('kept');
          await world.broker.release(session.sessionId, 'test', 'done');
        }
        // The name of a home that no session got is free for whoever asks again.
        const third = world.sessions().find((row) => row.sessionId === keys[2]);
        if (!third) expect((await world.acquire({ sessionId: keys[2], homeId: 'work' })).home?.homeId).toBe('work');
        await eventually(
          async () => {
            const ids = rows().map((row) => row.homeId);
            const settled = world.inState('ready').length === 1 && world.machines().length <= 3;
            return settled && !rows().some((row) => row.deleting) && (await disks()).join() === ids.sort().join();
          },
          () => where + world.describe() + JSON.stringify(rows().map((row) => [row.homeId, row.reason])),
        );
        await invariants(where);
        await world.close();
      }
    }
    world = new World(createFakeBackend);
  });

  test('a step that fails once, as on a full disk, harms its own call only', { timeout: 120_000 }, async () => {
    world = new World(createFakeBackend, patch);
    const whole = new Mortal(null);
    await life(whole);
    await world.close();
    // After a commit nothing can fail any more; after an effect its answer can be lost.
    const points = [...new Set(whole.passed)].filter(
      (point) => point !== 'recover' && (!point.endsWith('+') || point === 'home.remove+' || point === 'create+'),
    );
    expect(points).toEqual(expect.arrayContaining(['home.delete', 'home.remove', 'home.remove+', 'home.gone']));
    for (const point of points) {
      world = new World(createFakeBackend, patch);
      let broken = false;
      const fault = (at: string): void => {
        if (at !== point || broken) return;
        broken = true;
        throw new Error(`no space left at ${at}`);
      };
      await world.start({ fault, limits });
      const insist = async <T>(act: () => Promise<T>): Promise<T> => act().catch(act);
      const one = await insist(() => world.acquire({ sessionId: keys[0] }));
      const homeId = one.home?.homeId ?? '';
      const { guest } = await world.broker.connect(keys[0]);
      await guest.writeFile({ epoch: 0, path: 'kept.txt', data: Buffer.from('kept') });
      const end = async (sessionId: string): Promise<void> => {
        await world.broker.release(sessionId, 'test', 'done').catch(() => {});
        await eventually(() => {
          if (world.broker.sessions.get(sessionId).status === 'active')
            void world.broker.release(sessionId, 'test', 'done').catch(() => {});
          return world.broker.sessions.get(sessionId).status === 'released';
        });
      };
      await end(keys[0]);
      expect(world.broker.homes.get(homeId), point).toMatchObject({ state: 'kept' });
      await insist(() => world.acquire({ sessionId: keys[1], homeId }));
      expect(await content(keys[1]), point).toBe('kept');
      await end(keys[1]);
      await insist(() => world.broker.homes.remove(homeId, 'olga'));
      await eventually(
        async () => !rows().some((row) => row.homeId === homeId) && !(await disks()).includes(homeId),
        () => point + JSON.stringify(rows()),
      );
      if (['lease', 'release.done', 'create', 'home.delete', 'home.remove', 'home.gone'].includes(point))
        expect(broken, point).toBe(true);
      await invariants(`${point}: `);
      await world.close();
    }
    world = new World(createFakeBackend);
  });
});
