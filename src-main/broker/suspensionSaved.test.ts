import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import type { Session } from '@shared/session';
import { createFakeBackend } from '../sandbox/fake';
import { eventually, Mortal, World } from './testBroker';
import type { Kept } from './types';

let world: World;
afterEach(() => world.close());

const keepsAll: PoolPatch = {
  warm: { minimum: 1, maximum: 3 },
  idle: { policy: 'suspend', afterSeconds: 3600, keeps: 'machine' },
};
const signal = new AbortController().signal;
const row = (sessionId: string) => world.sessions().find((one) => one.sessionId === sessionId);
const files = async () => (await world.backend.checkpoints!.list(signal)).map((one) => one.checkpointId);
const guestOf = (sessionId: string) => world.backend.guest(row(sessionId)?.machineId ?? '');

async function begin(): Promise<Session & { kept: Kept[] }> {
  world = new World(createFakeBackend, keepsAll);
  await world.start();
  const kept: Kept[] = [];
  world.broker.onSuspended((_, how) => kept.push(how));
  world.broker.onLive((_, how) => how && kept.push(how));
  const session = await world.acquire();
  const { guest } = await world.broker.connect(session.sessionId);
  await guest.writeFile({ epoch: 1, path: 'home.txt', data: Buffer.from('home') });
  await guest.clipboardWrite({ epoch: 1, text: 'in memory' });
  return { ...session, kept };
}

describe('a session whose whole machine is kept', () => {
  test('goes on from where it was, on another machine, and nothing of the save stays', async () => {
    const { sessionId, machineId, kept } = await begin();
    await world.broker.suspend(sessionId, 'test');
    expect(await files()).toEqual([row(sessionId)?.savedAs]);
    await eventually(async () => !(await world.states()).has(machineId ?? ''));
    const { guest } = await world.broker.connect(sessionId);
    expect(await guest.clipboardRead()).toBe('in memory');
    expect((await guest.readFile('home.txt')).toString()).toBe('home');
    expect((await guest.health()).sessionReady).toBe(true);
    expect(row(sessionId)).toMatchObject({ savedAs: null, suspendedAt: null });
    await eventually(async () => (await files()).length === 0);
    expect(kept).toEqual([
      { all: true, failure: null },
      { all: true, failure: null },
    ]);
  });

  test('keeps its home alone when it can’t be saved, and says why', async () => {
    const { sessionId, kept } = await begin();
    world.backend.faults.checkpointFails = 'disk_full';
    await world.broker.suspend(sessionId, 'test');
    expect(row(sessionId)).toMatchObject({ status: 'idle', savedAs: null });
    const { guest } = await world.broker.connect(sessionId);
    expect(await guest.clipboardRead()).toBe('');
    expect((await guest.readFile('home.txt')).toString()).toBe('home');
    expect(kept[0]).toMatchObject({ all: false, failure: expect.stringMatching(/./) });
    expect(kept[1]).toEqual({ all: false, failure: null });
  });

  test('gets a new desktop with its home when the saved one does not come up', async () => {
    const { sessionId, kept } = await begin();
    await world.broker.suspend(sessionId, 'test');
    await world.backend.checkpoints?.remove(row(sessionId)?.savedAs ?? '', signal);
    const { guest } = await world.broker.connect(sessionId);
    expect(await guest.clipboardRead()).toBe('');
    expect((await guest.readFile('home.txt')).toString()).toBe('home');
    expect(kept[1]).toMatchObject({ all: false, failure: expect.stringMatching(/./) });
    expect(row(sessionId)?.savedAs).toBeNull();
  });

  test('leaves nothing when it ends while it is away, or while it is being saved', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    expect(await files()).toHaveLength(1);
    await world.broker.release(sessionId, 'test', 'done');
    await eventually(async () => (await files()).length === 0);
    const other = await world.acquire();
    world.backend.faults.checkpointDelayMs = 100;
    const leaving = world.broker.suspend(other.sessionId, 'test');
    leaving.catch(() => {});
    await eventually(() => row(other.sessionId)?.savedAs !== null);
    await world.broker.release(other.sessionId, 'test', 'done');
    await expect(leaving).rejects.toMatchObject({ code: 'session_gone' });
    await eventually(async () => (await files()).length === 0);
  });

  test('killed at every point of it, goes on: as it was, or with its home', async () => {
    const points = [
      'suspend.intent',
      'suspend.pause',
      'suspend.save',
      'suspend',
      'resume.intent',
      'resume',
      'saved.remove',
    ];
    for (const point of points.flatMap((name) => [name, `${name}+`])) {
      world = new World(createFakeBackend, keepsAll);
      const mortal = new Mortal({ point, nth: 1 });
      const until = <T>(work: Promise<T>): Promise<T | void> =>
        Promise.race([work.catch(() => {}), eventually(() => mortal.dead).catch(() => {})]);
      await world.start(mortal.options());
      await world.acquire({ sessionId: 'key-00000001' });
      const { guest } = await world.broker.connect('key-00000001');
      await guest.writeFile({ epoch: 1, path: 'home.txt', data: Buffer.from('home') });
      await guest.clipboardWrite({ epoch: 1, text: 'in memory' });
      await until(world.broker.suspend('key-00000001', 'test'));
      if (!mortal.dead) await until(world.broker.connect('key-00000001'));
      await eventually(() => mortal.dead);
      await world.start();
      // Nobody calls: what was begun ends by itself.
      if (point.startsWith('suspend')) {
        const begun = point !== 'suspend.intent';
        await eventually(
          () => row('key-00000001')?.status === (begun ? 'idle' : 'active'),
          () => point,
        );
      }
      const back = await world.broker.connect('key-00000001');
      expect((await back.guest.readFile('home.txt')).toString(), point).toBe('home');
      expect(await back.guest.clipboardRead(), point).toBe('in memory');
      expect(guestOf('key-00000001')?.settled, point).toBe(false);
      expect(row('key-00000001'), point).toMatchObject({ status: 'active', savedAs: null, suspendedAt: null });
      await world.close();
    }
    world = new World(createFakeBackend);
  }, 60_000);
});
