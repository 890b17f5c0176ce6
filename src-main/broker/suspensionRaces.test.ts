import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import type { Session } from '@shared/session';
import { sleep } from '../base/deadline';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import { eventually, Mortal, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const suspending: PoolPatch = {
  warm: { minimum: 1, maximum: 3 },
  idle: { policy: 'suspend', afterSeconds: 3600 },
};
const signal = new AbortController().signal;
const row = (sessionId: string) => world.sessions().find((one) => one.sessionId === sessionId);
const status = (sessionId: string) => row(sessionId)?.status;
const freeze = (session: Session, frozen: boolean): void => {
  const guest = world.backend.guest(session.machineId ?? '');
  if (guest) guest.frozen = frozen;
};

async function begin(limits = {}): Promise<Session> {
  world = new World(createFakeBackend, suspending);
  await world.start({ limits: { healthEveryMs: 60_000, ...limits } });
  return world.acquire();
}
/** Nothing is left over, and nothing is twice. */
async function settled(): Promise<void> {
  await eventually(
    async () => {
      const known = world
        .machines()
        .map((one) => one.machineId)
        .sort();
      const there = (await world.backend.list(signal)).map((one) => one.machineId).sort();
      const calm = world.machines().every((one) => one.state === 'ready' || one.state === 'leased');
      return calm && known.join() === there.join() && world.inState('ready').length === 1;
    },
    () => world.describe(),
  );
  const of = homeStore(world.db)
    .all()
    .flatMap((home) => home.sessionId ?? []);
  expect(new Set(of).size).toBe(of.length);
}

describe('a call that comes while the session is being suspended', () => {
  test('waits, and gets the new machine with everything that was written', async () => {
    const session = await begin();
    const { sessionId } = session;
    const { guest } = await world.broker.connect(sessionId);
    await guest.writeFile({ epoch: 1, path: 'a.txt', data: Buffer.from('kept') });
    freeze(session, true);
    const leaving = world.broker.suspend(sessionId, 'test');
    await sleep(20);
    const words: string[] = [];
    const coming = world.broker.connect(sessionId, { progress: (said) => words.push(said) });
    await expect(world.broker.connect(sessionId, { wake: false })).rejects.toMatchObject({ data: { suspended: true } });
    freeze(session, false);
    await leaving;
    const back = await coming;
    expect(back.session.machineId).not.toBe(session.machineId);
    expect((await back.guest.readFile('a.txt')).toString()).toBe('kept');
    expect(words[0]).toMatch(/just being suspended/);
    await settled();
  });

  test('a release ends it, whichever machine it has', async () => {
    const session = await begin();
    freeze(session, true);
    const leaving = world.broker.suspend(session.sessionId, 'test');
    leaving.catch(() => {});
    await sleep(20);
    await world.broker.release(session.sessionId, 'test', 'done');
    expect(status(session.sessionId)).toBe('released');
    await expect(leaving).rejects.toMatchObject({ code: 'session_gone' });
    await settled();
  });

  test('a machine that dies then costs nothing but itself', async () => {
    const session = await begin();
    freeze(session, true);
    const leaving = world.broker.suspend(session.sessionId, 'test');
    await sleep(20);
    world.backend.kill(session.machineId ?? '');
    await leaving;
    expect(status(session.sessionId)).toBe('idle');
    expect((await world.broker.connect(session.sessionId)).session.status).toBe('active');
    await settled();
  });
});

describe('while the session is being brought back', () => {
  test('a release ends it, and the machine that was being made goes', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    world.backend.faults.createDelayMs = 200;
    const coming = world.broker.connect(sessionId);
    coming.catch(() => {});
    await eventually(() => status(sessionId) === 'acquiring');
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'conflict' });
    await world.broker.release(sessionId, 'test', 'done');
    expect(status(sessionId)).toBe('released');
    await expect(coming).rejects.toMatchObject({ code: 'session_gone' });
    world.backend.faults.createDelayMs = 0;
    await settled();
  });

  test('a caller that hangs up does not end it for the others', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    world.backend.faults.createDelayMs = 100;
    const gone = new AbortController();
    const first = world.broker.connect(sessionId, { signal: gone.signal });
    const second = world.broker.connect(sessionId);
    await eventually(() => status(sessionId) === 'acquiring');
    gone.abort(new Error('hung up'));
    await expect(first).rejects.toThrow('hung up');
    expect((await second).session.status).toBe('active');
  });

  test('what a call waits for has an end, and the desktop comes all the same', async () => {
    const { sessionId } = await begin({ resumeWaitMs: 60 });
    await world.broker.suspend(sessionId, 'test');
    world.backend.faults.createDelayMs = 400;
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({
      code: 'not_ready',
      data: { suspended: true, retryAfterSeconds: 3 },
    });
    await eventually(() => status(sessionId) === 'active');
    expect((await world.broker.connect(sessionId)).session.status).toBe('active');
  });

  test('when it fails the session stays suspended, and the next try can work', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    await eventually(() => world.inState('ready').length === 1);
    world.backend.faults.createFails = 'guest_failed';
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({
      code: 'guest_failed',
      data: { suspended: true, retryAfterSeconds: 5 },
    });
    expect(row(sessionId)).toMatchObject({ status: 'idle', machineId: null });
    expect(row(sessionId)?.suspendedAt).not.toBeNull();
    world.backend.faults.createFails = null;
    expect((await world.broker.connect(sessionId)).session.status).toBe('active');
  });

  test('a broker that stops and destroys its machines suspends whom it can, and ends the others', async () => {
    const { sessionId } = await begin();
    const { guest } = await world.broker.connect(sessionId);
    await guest.writeFile({ epoch: 0, path: 'kept.txt', data: Buffer.from('mine') });
    const busy = await world.acquire();
    world.spared.add(busy.sessionId);
    await world.broker.stop({ destroy: true });
    expect(status(sessionId)).toBe('idle');
    expect(status(busy.sessionId)).toBe('released');
    expect(await world.backend.list(signal)).toEqual([]);
    world.spared.clear();
    await world.start();
    const back = await world.broker.connect(sessionId);
    expect((await back.guest.readFile('kept.txt')).toString()).toBe('mine');
  });

  test('a broker that stops puts it back, and destroys no home', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    world.backend.faults.createDelayMs = 150;
    const coming = world.broker.connect(sessionId);
    coming.catch(() => {});
    await eventually(() => status(sessionId) === 'acquiring');
    await world.broker.stop({ destroy: true });
    await expect(coming).rejects.toMatchObject({ code: 'not_ready' });
    expect(status(sessionId)).toBe('idle');
    expect(await world.backend.list(signal)).toEqual([]);
    world.backend.faults.createDelayMs = 0;
    await world.start();
    expect((await world.broker.connect(sessionId)).session.sessionId).toBe(sessionId);
  });
});

/** Out and back, with a file that must live through it. */
async function life(mortal: Mortal): Promise<void> {
  const over = (): boolean => mortal.dead;
  const until = <T>(work: Promise<T>): Promise<T | void> =>
    Promise.race([work.catch(() => {}), eventually(over).catch(() => {})]);
  await world.start(mortal.options()).catch(() => {});
  await until(world.acquire({ sessionId: 'key-00000001', waitMs: 5000 }));
  if (over()) return;
  const { guest } = await world.broker.connect('key-00000001');
  await guest.writeFile({ epoch: 1, path: 'kept.txt', data: Buffer.from('kept') });
  await until(world.broker.suspend('key-00000001', 'test'));
  if (!over()) await until(world.broker.connect('key-00000001'));
  if (!over()) await until(world.broker.suspend('key-00000001', 'test'));
  if (!over()) await until(world.broker.release('key-00000001', 'test', 'done'));
}

describe('a broker that died while it suspended a session', () => {
  test.each([{ dies: false }, { dies: true }])(
    'ends what it began, whether its machine is there: $dies',
    async ({ dies }) => {
      world = new World(createFakeBackend, suspending);
      const mortal = new Mortal({ point: 'settle+', nth: 1 });
      await world.start(mortal.options());
      const { sessionId, machineId } = await world.acquire();
      const { guest } = await world.broker.connect(sessionId);
      await guest.writeFile({ epoch: 1, path: 'kept.txt', data: Buffer.from('kept') });
      world.broker.suspend(sessionId, 'test').catch(() => {});
      await eventually(() => mortal.dead);
      if (dies) world.backend.kill(machineId ?? '');
      await world.start();
      // Nobody calls.
      await eventually(
        () => status(sessionId) === 'idle',
        () => world.describe(),
      );
      const back = await world.broker.connect(sessionId);
      expect((await back.guest.readFile('kept.txt')).toString()).toBe('kept');
      await settled();
    },
  );
});

describe('a broker that died while it deleted a pool', () => {
  test('ends its sessions all the same, suspended ones too, and their homes', async () => {
    world = new World(createFakeBackend, suspending);
    const mortal = new Mortal({ point: 'pool.delete+', nth: 1 });
    await world.start(mortal.options());
    const [away, here] = [await world.acquire(), await world.acquire({ waitMs: 20_000 })];
    await world.broker.suspend(away.sessionId, 'test');
    await world.broker.pools.delete('desktop', { force: true }).catch(() => {});
    expect(mortal.dead).toBe(true);
    await world.start();
    for (const { sessionId } of [away, here])
      expect(world.broker.sessions.get(sessionId)).toMatchObject({
        status: 'released',
        reason: 'The pool was deleted.',
      });
    await eventually(
      async () =>
        world.machines().length === 0 && (await world.backend.homes!.list(new AbortController().signal)).length === 0,
      () => world.describe(),
    );
    expect(world.broker.pools.list()).toEqual([]);
    expect(homeStore(world.db).all()).toEqual([]);
  });
});

describe('killed at every named point of being away', () => {
  test('the next broker goes on: the session lives with its home, or ended as it was told', async () => {
    world = new World(createFakeBackend, suspending);
    const whole = new Mortal(null);
    await life(whole);
    expect(status('key-00000001')).toBe('released');
    await world.close();
    const own = ['suspend.intent', 'settle', 'suspend', 'resume.intent', 'resume', 'release.away'];
    expect(whole.passed).toEqual(expect.arrayContaining(own.flatMap((point) => [point, `${point}+`])));

    for (const point of own.flatMap((name) => [name, `${name}+`])) {
      for (let nth = 1; nth <= whole.passed.filter((passed) => passed === point).length; nth++) {
        const where = `killed at ${point}, time ${nth}`;
        world = new World(createFakeBackend, suspending);
        const mortal = new Mortal({ point, nth });
        await life(mortal);
        expect(mortal.dead, where).toBe(true);
        await world.start();
        const session = row('key-00000001');
        expect(['active', 'idle', 'released'], where).toContain(session?.status);
        if (session?.status === 'released') expect(point, where).toBe('release.away+');
        else {
          const { guest } = await world.broker.connect('key-00000001');
          expect((await guest.readFile('kept.txt')).toString(), where).toBe('kept');
          expect(row('key-00000001')).toMatchObject({ status: 'active', suspendedAt: null });
          expect((await guest.health()).sessionReady, where).toBe(true);
        }
        await settled();
        expect(world.integrity()).toBe('ok');
        await world.close();
      }
    }
    world = new World(createFakeBackend);
  }, 120_000);

  test('a step that fails once, as on a full disk, loses nothing', async () => {
    for (const point of ['suspend.intent', 'settle', 'suspend', 'resume.intent', 'resume', 'release.away']) {
      world = new World(createFakeBackend, suspending);
      let broken = false;
      const fault = (at: string): void => {
        if (at !== point || broken) return;
        broken = true;
        throw new Error(`no space left at ${at}`);
      };
      await world.start({ fault });
      const insist = async <T>(act: () => Promise<T>): Promise<T> => act().catch(() => act());
      const { sessionId } = await world.acquire();
      const { guest } = await world.broker.connect(sessionId);
      await guest.writeFile({ epoch: 1, path: 'kept.txt', data: Buffer.from('kept') });
      await insist(() => world.broker.suspend(sessionId, 'test'));
      const back = await insist(() => world.broker.connect(sessionId));
      expect((await back.guest.readFile('kept.txt')).toString(), point).toBe('kept');
      await insist(() => world.broker.suspend(sessionId, 'test'));
      await insist(() => world.broker.release(sessionId, 'test', 'done'));
      expect(broken, point).toBe(true);
      await settled();
      await world.close();
    }
    world = new World(createFakeBackend);
  }, 60_000);
});
