import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import { createFakeBackend } from '../sandbox/fake';
import { admin, agent, eventually, World } from './testBroker';
import type { QueuePlace } from './types';

let world: World;
afterEach(() => world.close());
const begin = async (patch: PoolPatch) => {
  world = new World(createFakeBackend, patch);
  await world.start({ limits: { placesMs: 5 } });
};
const generous: PoolPatch = {
  warm: { minimum: 1, maximum: 4 },
  acquire: { screen: true, idleSeconds: { minimum: 60, maximum: 600 } },
};
const small = { width: 1024, height: 768 };

describe('what a request may choose', () => {
  test('is refused by path where the pool does not allow it; its own screen is always right', async () => {
    await begin({ warm: { minimum: 1, maximum: 4 } });
    await expect(world.acquire({ screen: small, idleSeconds: 60, homeId: 'work' })).rejects.toMatchObject({
      code: 'bad_request',
      data: {
        details: [
          { path: 'screen', message: expect.stringContaining('1280 x 800') },
          { path: 'idleSeconds', message: expect.any(String) },
          { path: 'homeId', message: 'this pool keeps no homes' },
        ],
      },
    });
    const { width, height } = world.broker.pools.get('desktop').size;
    await world.ready(1);
    const warm = world.inState('ready')[0]?.machineId;
    const session = await world.acquire({ screen: { width, height } });
    expect(session.machineId).toBe(warm);
    expect(world.sessions()[0]?.size).toMatchObject({ width, height });
  });

  test('another screen gets a machine of its own, with a home where the pool has them', async () => {
    await begin({ ...generous, home: { policy: 'keep', quotaMiB: 10, expiresAfterDays: 1 } });
    await world.ready(1);
    const warm = world.inState('ready')[0];
    const session = await world.acquire({ screen: small, homeId: undefined, sessionId: 'key-screen-01' });
    expect(session).toMatchObject({ screen: small, home: { keep: true } });
    expect(session.machineId).not.toBe(warm?.machineId);
    expect(session.home?.homeId).not.toBe(warm?.homeId);
    const again = await world.acquire({ screen: small, sessionId: 'key-screen-01' });
    expect(again.machineId).toBe(session.machineId);
    for (const change of [{ screen: undefined }, { screen: { ...small, width: 1025 } }, { idleSeconds: 60 }])
      await expect(world.acquire({ screen: small, sessionId: 'key-screen-01', ...change })).rejects.toMatchObject({
        code: 'key_reused',
      });
  });

  test('its own idle time, within the pool’s bounds', async () => {
    await begin(generous);
    for (const idleSeconds of [59, 601])
      await expect(world.acquire({ idleSeconds })).rejects.toMatchObject({
        code: 'bad_request',
        data: { details: [{ path: 'idleSeconds', message: 'from 60 to 600 in this pool' }] },
      });
    const session = await world.acquire({ idleSeconds: 120 });
    expect(session.idleSeconds).toBe(120);
    const left = Date.parse(session.expiresAt ?? '') - Date.now();
    expect(left).toBeGreaterThan(60_000);
    expect(left).toBeLessThanOrEqual(120_000);
  });

  test('a branch chooses neither screen nor home', async () => {
    await begin(generous);
    const fromCheckpoint = { checkpointId: 'ck_one', machineId: 'm_one' };
    await expect(world.acquire({ fromCheckpoint, screen: small, homeId: 'work' })).rejects.toMatchObject({
      data: { details: [{ path: 'screen' }, { path: 'homeId' }] },
    });
  });

  test('what does not come up is said, and its key is free again', async () => {
    await begin({ ...generous, warm: { minimum: 0, maximum: 2 } });
    world.backend.faults.createFails = 'guest_failed';
    await expect(world.acquire({ screen: small, sessionId: 'key-screen-01' })).rejects.toMatchObject({
      code: 'guest_failed',
      message: expect.stringContaining('did not come up'),
    });
    world.backend.faults.createFails = null;
    expect((await world.acquire({ sessionId: 'key-screen-01' })).status).toBe('active');
  });
});

describe('a place in the queue', () => {
  const queued = (sessionId: string) => world.broker.sessions.get(sessionId).queue;

  test('is told as it changes, to the caller and to whoever watches', async () => {
    await begin({ warm: { minimum: 0, maximum: 1 } });
    const first = await world.acquire();
    const told: QueuePlace[] = [];
    const gone = new AbortController();
    const one = world.acquire({ sessionId: 'key-00000001', caller: agent }, gone.signal).catch(() => 'gone');
    await eventually(() => queuedRows().length === 1);
    const two = world.acquire({ sessionId: 'key-00000002', caller: agent, onPlace: (place) => told.push(place) });
    await eventually(() => told.length === 1);
    expect(queued('key-00000002')).toEqual({ place: 2, waiting: 2 });
    gone.abort(new Error('hung up'));
    expect(await one).toBe('gone');
    await eventually(() => told.length === 2);
    expect(told).toEqual([
      { place: 2, waiting: 2 },
      { place: 1, waiting: 1 },
    ]);
    const late: QueuePlace[] = [];
    const joined = world.acquire({ sessionId: 'key-00000002', onPlace: (place) => late.push(place) });
    expect(late).toEqual([{ place: 1, waiting: 1 }]);
    const seen = world.events.flatMap((event) =>
      event.event === 'session' && event.data.sessionId === 'key-00000002' && event.data.queue
        ? [event.data.queue.place]
        : [],
    );
    expect(seen).toEqual(expect.arrayContaining([2, 1]));
    await world.broker.release(first.sessionId, 'test', 'done');
    const [session, same] = await Promise.all([two, joined]);
    expect(session.queue ?? null).toBeNull();
    expect(same.machineId).toBe(session.machineId);
  });

  test('is fair between callers, and those with a machine of their own have theirs', async () => {
    await begin({ ...generous, warm: { minimum: 0, maximum: 1 } });
    const first = await world.acquire();
    const keys = ['key-00000001', 'key-00000002', 'key-00000003', 'key-00000004'];
    const waits = [
      world.acquire({ sessionId: keys[0] }),
      world.acquire({ sessionId: keys[1] }),
      world.acquire({ sessionId: keys[2], caller: admin }),
      world.acquire({ sessionId: keys[3], screen: small }),
    ].map((wait) => wait.catch((error: { code: string }) => error.code));
    await eventually(() => queuedRows().length === 4);
    expect(keys.map((key) => queued(key)?.place)).toEqual([1, 3, 2, 1]);
    for (const key of keys) await world.broker.release(key, 'test', 'enough');
    expect(await Promise.all(waits)).toEqual(keys.map(() => 'session_gone'));
    await world.broker.release(first.sessionId, 'test', 'done');
    // So many came that one may be kept ready for a while, for anybody.
    await eventually(() => world.machines().every((row) => row.state === 'ready' && row.forSession === null));
  });

  test('a listener that fails harms nobody', async () => {
    await begin({ warm: { minimum: 0, maximum: 1 } });
    const onPlace = (): void => {
      throw new Error('its client is gone');
    };
    expect((await world.acquire({ onPlace })).status).toBe('active');
    const waiting = world.acquire({ onPlace, sessionId: 'key-00000002' });
    await eventually(() => queuedRows().length === 1);
    await world.broker.release(world.broker.sessions.live()[0]?.sessionId ?? '', 'test', 'done');
    expect((await waiting).status).toBe('active');
  });
});

const queuedRows = () => world.sessions().filter((row) => row.status === 'queued');

describe('a hundred retries of one key', () => {
  const key = { sessionId: 'key-hundred-1' };
  const machineOf = (sessionId: string) => world.machines().filter((row) => row.sessionId === sessionId);

  test.each([
    ['while its machine appears in the middle', {}],
    ['with a machine of its own', { screen: small }],
    ['with a home of its own', { homeId: 'work' }],
  ])('%s, and across a restart, are one session on one machine', async (_name, change) => {
    await begin({
      ...{ ...generous, warm: { minimum: 0, maximum: 3 } },
      home: { policy: 'keep', quotaMiB: 10, expiresAfterDays: 1 },
    });
    world.backend.faults.createDelayMs = 40;
    const retry = async (): Promise<string> => {
      for (let n = 0; n < 400; n++) {
        const answer = await world.acquire({ ...key, ...change }).catch((error: { code: string }) => error.code);
        if (typeof answer !== 'string') return `${answer.sessionId} ${answer.machineId} ${answer.home?.homeId}`;
        // As a client does whose broker stops and starts.
        expect(answer).toBe('not_ready');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return 'never';
    };
    const retries = Array.from({ length: 100 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n));
      return retry();
    });
    await eventually(() => world.inState('creating').length > 0);
    await world.restart();
    const answers = new Set(await Promise.all(retries));
    expect([...answers]).toHaveLength(1);
    expect([...answers][0]).toMatch(/^key-hundred-1 m_\w+ \w+$/);
    expect(machineOf(key.sessionId)).toHaveLength(1);
    expect(world.sessions()).toHaveLength(1);
    await world.restart();
    const after = await Promise.all(Array.from({ length: 20 }, () => retry()));
    expect(new Set([...after, ...answers]).size).toBe(1);
    expect(world.sessions()).toHaveLength(1);
  });
});
