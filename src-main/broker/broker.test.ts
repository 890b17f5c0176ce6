import { afterEach, describe, expect, test } from 'vitest';
import type { WheelhouseError } from '../base/errors';
import { createFakeBackend } from '../sandbox/fake';
import type { PoolPatch } from '@shared/pool';
import { admin, agent, eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const begin = async (patch: PoolPatch = {}): Promise<World> => {
  world = new World(createFakeBackend, patch);
  await world.start();
  return world;
};
const key = (n: number): string => `key-${String(n).padStart(8, '0')}`;
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? 'an error without a code',
  );

describe('what others learn of a session', () => {
  test('an agent hears of another’s computer what it hears of none, also when it has ended', async () => {
    await begin();
    await world.ready(2);
    const { sessionId, computerId } = await world.acquire();
    const stranger = { ...agent, tokenId: 'tok_other', name: 'stranger' };
    const told = (id: string): unknown => {
      try {
        return world.broker.sessions.byComputer(id, stranger);
      } catch (error) {
        const { code, message, data } = error as WheelhouseError;
        return { code, message, data };
      }
    };
    const nothing = { code: 'session_gone', message: 'There is no such session, or it has ended.', data: {} };
    expect([computerId, sessionId, 'c_none'].map(told)).toEqual([nothing, nothing, nothing]);
    await world.broker.release(sessionId, 'test', 'Why it ended');
    expect([computerId, sessionId].map(told)).toEqual([nothing, nothing]);
    expect(() => world.broker.sessions.byComputer(computerId, agent)).toThrow('Why it ended');
  });

  test('a name is one line that stays in its place', async () => {
    await begin();
    await world.ready(2);
    const { name } = await world.acquire({ name: 'Orders\u001b[2J\n\u202eenuJ 👩‍💻' });
    expect(name).toBe('Orders [2J enuJ 👩‍💻');
  });
});

describe('pools', () => {
  test('keeps the minimum ready, replaces what was used, never passes the maximum', async () => {
    await begin({ warm: { minimum: 2, maximum: 3 } });
    await world.ready(2);
    const session = await world.acquire();
    expect(session).toMatchObject({ status: 'active', poolId: 'desktop', caller: 'claude' });
    await world.ready(2);
    expect(world.machines()).toHaveLength(3);
    const { machineId } = session;
    const boot = world.inState('leased')[0]?.bootId;
    await world.broker.release(session.sessionId, 'test', 'done');
    expect(world.broker.sessions.get(session.sessionId)).toMatchObject({
      status: 'released',
      reason: 'done',
      expiresAt: null,
    });
    await eventually(() => !world.machines().some((row) => row.machineId === machineId));
    expect((await world.backend.list(new AbortController().signal)).map((m) => m.machineId)).not.toContain(machineId);
    expect(world.inState('ready').map((row) => row.bootId)).not.toContain(boot);
    expect(
      world.events
        .filter((event) => event.event === 'pool')
        .every((event) => {
          const { creating, starting, ready, leased, resetting, quarantined } = event.data.observed.machines;
          return creating + starting + ready + leased + resetting + quarantined <= 3;
        }),
    ).toBe(true);
  });

  test('says what it does: conditions, and since stays while nothing changes', async () => {
    await begin();
    await world.ready(2);
    await eventually(() => world.condition('Warm')?.reason === 'Healthy');
    const since = world.condition('Ready')?.since;
    expect(world.condition('Ready')).toMatchObject({ status: 'True', reason: 'Healthy' });
    await world.acquire();
    expect(world.condition('Ready')?.since).toBe(since);
    world.patch({ paused: true });
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'Paused' });
  });

  test('create, update, delete, with what is wrong said by path', async () => {
    await begin({ warm: { minimum: 1, maximum: 2 } });
    expect(() => world.broker.pools.create({ displayName: ' ' })).toThrow(/displayName/);
    expect(() => world.patch({ warm: { minimum: 5, maximum: 2 } })).toThrow(/minimum must not exceed maximum/);
    expect(() => world.patch({ network: { policy: 'open', allow: [] } })).toThrow(/not available yet/);
    expect(() => world.broker.pools.create({ displayName: 'Q', backend: 'qemu' })).toThrow(/no qemu backend/);
    expect(() => world.broker.pools.get('nothing')).toThrow(/no pool/);
    const pool = world.broker.pools.create({
      displayName: 'Second',
      backend: 'fake',
      warm: { minimum: 1, maximum: 1 },
    });
    await eventually(() => world.broker.pools.get(pool.id).observed.machines.ready === 1);
    const session = await world.acquire({ poolId: pool.id });
    await expect(world.broker.pools.delete(pool.id, { force: false })).rejects.toMatchObject({ code: 'conflict' });
    await world.broker.pools.delete(pool.id, { force: true });
    expect(world.broker.pools.list().map((one) => one.id)).toEqual(['desktop']);
    expect(world.broker.sessions.get(session.sessionId).status).toBe('released');
    await eventually(() => world.machines().every((row) => row.poolId === 'desktop'));
    expect(world.events.some((event) => event.event === 'pool_deleted' && event.data.id === pool.id)).toBe(true);
  });

  test('a new size or image renews warm machines one by one and leaves leased ones', async () => {
    await begin({ warm: { minimum: 2, maximum: 4 } });
    await world.ready(2);
    const session = await world.acquire();
    await world.ready(2);
    const old = world.inState('ready').map((row) => row.machineId);
    const sizes: number[] = [];
    world.patch({ size: { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 } });
    await eventually(() => {
      sizes.push(world.inState('ready').length);
      const ready = world.inState('ready');
      return ready.length === 2 && ready.every((row) => row.size.width === 1024);
    });
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(2);
    expect(world.inState('ready').some((row) => old.includes(row.machineId))).toBe(false);
    expect(world.broker.sessions.get(session.sessionId).status).toBe('active');
    expect(world.inState('leased')[0]?.size.width).toBe(1280);
  });

  test('machines with what they cost; an operator may end a warm one, not a leased one', async () => {
    await begin({ warm: { minimum: 1, maximum: 2 } });
    await world.ready(1);
    const { machineId } = await world.acquire();
    await world.ready(1);
    const machines = await world.broker.pools.machines('desktop');
    expect(machines.map((machine) => [machine.state, machine.memoryBytes])).toEqual([
      ['leased', 52_428_800],
      ['ready', 52_428_800],
    ]);
    expect(JSON.stringify([machines, world.events])).not.toContain(world.machines()[0]?.secret);
    await expect(world.broker.pools.destroyMachine(machineId ?? '')).rejects.toMatchObject({ code: 'conflict' });
    const warm = world.inState('ready')[0]?.machineId ?? '';
    await world.broker.pools.destroyMachine(warm);
    await eventually(
      () => world.inState('ready').length === 1 && !world.machines().some((row) => row.machineId === warm),
    );
  });
});

describe('acquire', () => {
  test('a hundred retries of one key at once give one session', async () => {
    await begin({ warm: { minimum: 2, maximum: 4 } });
    await world.ready(2);
    const sessions = await Promise.all(Array.from({ length: 100 }, () => world.acquire({ sessionId: key(1) })));
    expect(new Set(sessions.map((one) => `${one.sessionId} ${one.machineId} ${one.computerId}`)).size).toBe(1);
    expect(world.inState('leased')).toHaveLength(1);
    expect(world.sessions()).toHaveLength(1);
  });

  test('also when they have to wait for the machine', async () => {
    await begin({ warm: { minimum: 0, maximum: 2 } });
    const sessions = await Promise.all(Array.from({ length: 100 }, () => world.acquire({ sessionId: key(1) })));
    expect(new Set(sessions.map((one) => one.machineId)).size).toBe(1);
    expect(world.backend.created).toHaveLength(1);
  });

  test('the key with other parameters, another caller, or after its end', async () => {
    await begin();
    await world.ready(2);
    await world.acquire({ sessionId: key(1), name: 'one', labels: { a: '1', b: '2' } });
    expect(
      (await world.acquire({ sessionId: key(1), name: 'one', labels: { b: '2', a: '1' }, waitMs: 5 })).status,
    ).toBe('active');
    expect(await code(world.acquire({ sessionId: key(1), name: 'two' }))).toBe('key_reused');
    expect(await code(world.acquire({ sessionId: key(1), name: 'one', caller: admin }))).toBe('key_reused');
    await world.broker.release(key(1), 'test', 'done');
    expect(await code(world.acquire({ sessionId: key(1), name: 'one', labels: { a: '1', b: '2' } }))).toBe('conflict');
    expect(await code(world.broker.release(key(1), 'test', 'again'))).toBe('session_gone');
  });

  test('who may: the token’s pools and the pool’s assignments', async () => {
    await begin({ assignments: ['claude'] });
    await world.ready(2);
    expect(await code(world.acquire({ caller: { ...agent, name: 'other' } }))).toBe('forbidden');
    expect(await code(world.acquire({ caller: { ...agent, pools: ['elsewhere'] } }))).toBe('forbidden');
    expect(await code(world.acquire({ caller: { ...agent, pools: ['desktop'] } }))).toBe('no error');
    expect(await code(world.acquire({ caller: admin }))).toBe('no error');
  });

  test('bad input is named', async () => {
    await begin();
    expect(await code(world.acquire({ sessionId: 'short' }))).toBe('bad_request');
    expect(await code(world.acquire({ waitMs: 90_000 }))).toBe('bad_request');
    expect(await code(world.acquire({ labels: { 'wheelhouse.pool': 'x' } }))).toBe('bad_request');
    expect(await code(world.acquire({ poolId: 'nowhere' }))).toBe('not_found');
  });

  test('waiting in vain is refused at once, in the condition’s words', async () => {
    await begin({ warm: { minimum: 0, maximum: 1 }, paused: true });
    expect(await code(world.acquire())).toBe('pool_paused');
    world.backend.faults.imageMissing = true;
    world.patch({ paused: false });
    await eventually(() => world.condition('Image')?.reason === 'ImageMissing');
    await expect(world.acquire()).rejects.toMatchObject({
      code: 'image_missing',
      message: expect.stringContaining('desktop image'),
    });
    world.backend.faults.unreachable = true;
    await eventually(() => world.condition('Backend')?.reason === 'BackendUnreachable');
    expect(await code(world.acquire())).toBe('backend_unreachable');
    world.backend.faults.unreachable = false;
    world.backend.faults.imageMissing = false;
    await eventually(() => world.condition('Ready')?.status === 'True');
    expect((await world.acquire()).status).toBe('active');
  });

  test('those who wait are refused too, once it is in vain', async () => {
    await begin({ warm: { minimum: 1, maximum: 1 } });
    await world.ready(1);
    await world.acquire();
    const waiting = code(world.acquire({ sessionId: key(2) }));
    await eventually(() => world.sessions().some((row) => row.status === 'queued'));
    world.patch({ paused: true });
    expect(await waiting).toBe('pool_paused');
    expect(world.sessions().map((row) => row.sessionId)).not.toContain(key(2));
  });

  test('isolation required on a backend that has none', async () => {
    await begin({ isolationRequired: true });
    expect(world.condition('Ready')?.reason).toBe('IsolationUnavailable');
    expect(await code(world.acquire())).toBe('not_supported');
  });

  test('a full pool: place, deadline, hang-up, and the key is free again', async () => {
    await begin({ warm: { minimum: 0, maximum: 1 } });
    const first = await world.acquire();
    const late = world.acquire({ sessionId: key(2), waitMs: 60 });
    const hangUp = new AbortController();
    const gone = code(world.acquire({ sessionId: key(3), caller: admin }, hangUp.signal));
    await expect(late).rejects.toMatchObject({
      code: 'acquire_timeout',
      data: { place: 1, waiting: 2, reason: 'AtCapacity' },
    });
    hangUp.abort(Object.assign(new Error('hung up'), { code: 'hung_up' }));
    expect(await gone).toBe('hung_up');
    expect(world.sessions()).toHaveLength(1);
    const again = world.acquire({ sessionId: key(2) });
    await world.broker.release(first.sessionId, 'test', 'done');
    expect((await again).sessionId).toBe(key(2));
  });

  test('fair between callers, and 429 for whoever asks for too much', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 1 } });
    await world.start({ limits: { queueLength: 5, queuePerCaller: 3 } });
    let current = await world.acquire();
    const served: string[] = [];
    const ask = (name: string): Promise<unknown> =>
      world.acquire({ caller: { ...agent, name } }).then((session) => {
        served.push(name);
        current = session;
      });
    const asked = [ask('greedy'), ask('greedy'), ask('greedy'), ask('modest'), ask('other')];
    await expect(world.acquire({ caller: { ...agent, name: 'greedy' } })).rejects.toMatchObject({
      code: 'queue_full',
      data: { retryAfterSeconds: expect.any(Number) },
    });
    expect(await code(world.acquire({ caller: { ...agent, name: 'fourth' } }))).toBe('queue_full');
    for (let n = 1; n <= 5; n++) {
      await world.broker.release(current.sessionId, 'test', 'next');
      await eventually(() => served.length === n);
    }
    await Promise.all(asked);
    expect(served).toEqual(['greedy', 'modest', 'other', 'greedy', 'greedy']);
  });

  test('agents list their own sessions, operators all', async () => {
    await begin({ warm: { minimum: 2, maximum: 4 } });
    await world.ready(2);
    await world.acquire();
    await world.acquire({ caller: { ...agent, name: 'other' } });
    const query = { limit: 20, order: 'asc' as const };
    expect(world.broker.sessions.list(query, agent).data.map((one) => one.caller)).toEqual(['claude']);
    expect(world.broker.sessions.list(query, admin).data).toHaveLength(2);
    expect(() => world.broker.sessions.list({ ...query, after: 'a', before: 'b' }, admin)).toThrow(
      /exclude each other/,
    );
  });
});

describe('over many sessions', () => {
  test('a hundred come and go, and what is kept stays as it was', { timeout: 60_000 }, async () => {
    await begin({ warm: { minimum: 2, maximum: 4 } });
    const lanes = Array.from({ length: 4 }, async (_, lane) => {
      for (let n = 0; n < 25; n++) {
        const { sessionId } = await world.acquire({ caller: { ...agent, name: `lane-${lane}` }, waitMs: 20_000 });
        await world.broker.connect(sessionId);
        await world.broker.release(sessionId, 'test', 'done');
      }
    });
    await Promise.all(lanes);
    // Callers came often: there may be more than the minimum for a while.
    const kept = (): boolean => world.machines().length >= 2 && world.machines().every((row) => row.state === 'ready');
    await eventually(kept, () => world.describe());
    const served = world.sessions().map((row) => row.machineId);
    expect(new Set(served).size).toBe(100);
    expect((await world.states()).size).toBe(world.machines().length);
    expect(world.broker.sessions.live()).toEqual([]);
    expect(world.events.every((event) => event.event !== 'machine' || event.data.state !== 'quarantined')).toBe(true);
  });
});
