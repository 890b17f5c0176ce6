import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import type { PoolPatch } from '@shared/pool';
import type { Limits } from './index';
import { admin, eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const { signal } = new AbortController();

/** A session with a file, and a checkpoint of it. */
const begin = async (patch: PoolPatch = { warm: { minimum: 1, maximum: 4 } }, limits: Partial<Limits> = {}) => {
  world = new World(createFakeBackend, patch, { parks: true });
  await world.start({ limits });
  const { sessionId, machineId } = await world.acquire();
  const from = { checkpointId: 'ck_one', machineId: machineId ?? '' };
  const { guest } = await world.broker.connect(sessionId);
  await guest.writeFile({ epoch: 0, path: 'kept.txt', data: Buffer.from('kept') });
  await world.broker.saveMachine(sessionId, from.checkpointId, signal);
  return { sessionId, from };
};
const branch = (from: { checkpointId: string; machineId: string }, change = {}) =>
  world.acquire({ caller: admin, fromCheckpoint: from, ...change });

describe('a branch', () => {
  test('goes on from the checkpoint on a machine of its own, beside its source', async () => {
    const { sessionId, from } = await begin();
    await world.ready(1);
    world.patch({ size: { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 } });
    const [one, again] = await Promise.all([
      branch(from, { sessionId: 'key-branch-01' }),
      branch(from, { sessionId: 'key-branch-01' }),
    ]);
    expect(again.machineId).toBe(one.machineId);
    expect(one).toMatchObject({ status: 'active', screen: { width: 1280 }, caller: 'olga' });
    expect(one.machineId).not.toBe(from.machineId);
    const { guest } = await world.broker.connect(one.sessionId);
    expect((await guest.readFile('kept.txt')).toString()).toBe('kept');
    expect((await world.states()).get(one.machineId ?? '')).toBe('running');
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    await expect(branch({ ...from, checkpointId: 'ck_two' }, { sessionId: 'key-branch-01' })).rejects.toMatchObject({
      code: 'key_reused',
    });
    await world.broker.release(one.sessionId, 'test', 'done');
    await eventually(() => !world.machines().some((row) => row.machineId === one.machineId));
  });

  test('warm machines make room for it, and the maximum holds', async () => {
    const { from } = await begin({ warm: { minimum: 2, maximum: 3 } });
    await world.ready(2);
    const counts: number[] = [];
    const stop = setInterval(() => counts.push(world.machines().length), 1);
    try {
      const session = await branch(from);
      expect(session.status).toBe('active');
      await world.ready(1);
    } finally {
      clearInterval(stop);
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
  });

  test('waits where every place is used, is told so, and is served when one comes free', async () => {
    const { from } = await begin({ warm: { minimum: 0, maximum: 2 } });
    const other = await world.acquire();
    await expect(branch(from, { waitMs: 80 })).rejects.toMatchObject({
      code: 'acquire_timeout',
      data: { reason: 'AtCapacity' },
    });
    expect(world.sessions()).toHaveLength(2);
    const waiting = branch(from);
    await world.broker.release(other.sessionId, 'test', 'done');
    expect((await waiting).status).toBe('active');
  });

  test('is nobody else’s: who waits for a machine does not get it', async () => {
    const { from } = await begin({ warm: { minimum: 0, maximum: 2 } });
    const [one] = await Promise.all([
      branch(from),
      expect(world.acquire({ waitMs: 300 })).rejects.toMatchObject({ code: 'acquire_timeout' }),
    ]);
    expect(world.machines().find((row) => row.sessionId === one.sessionId)?.forSession).toBe(one.sessionId);
  });

  test('one that does not come up is set aside and said; the pool’s own machines are not held back', async () => {
    const { from } = await begin({ warm: { minimum: 0, maximum: 4 } }, { checkMs: 200 });
    world.backend.faults.guest = { kind: 'silent' };
    await expect(branch(from)).rejects.toMatchObject({
      code: 'guest_failed',
      message: expect.stringContaining('did not come up'),
    });
    expect(world.inState('quarantined')).toHaveLength(1);
    world.backend.faults.guest = { kind: 'none' };
    expect(world.condition('Warm')?.reason).not.toBe('CreateFailed');
    expect((await branch(from)).status).toBe('active');
  });

  test('one whose caller left is ended, and so is one that a restart cut short', async () => {
    const { from } = await begin({ warm: { minimum: 0, maximum: 4 } });
    world.backend.faults.createDelayMs = 60;
    await expect(branch(from, { waitMs: 20 })).rejects.toMatchObject({ code: 'acquire_timeout' });
    await eventually(() => world.machines().length === 1);
    const gone = branch(from).catch((error: { code: string }) => error.code);
    await eventually(() => world.inState('creating').length === 1);
    await world.restart();
    expect(await gone).toBe('not_ready');
    await eventually(async () => world.machines().length === 1 && (await world.states()).size === 1);
  });

  test('of what is not there, or can’t be, is refused', async () => {
    const { from, sessionId } = await begin();
    const none = { checkpointId: 'ck_none', machineId: 'm_none' };
    await expect(branch(none)).rejects.toMatchObject({ code: 'guest_failed' });
    await expect(branch({ ...from, checkpointId: '../x' })).rejects.toMatchObject({ code: 'bad_request' });
    const pool = world.broker.pools.create({ displayName: 'Other', backend: 'fake', warm: { minimum: 0, maximum: 1 } });
    await expect(branch(from, { poolId: pool.id })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(branch({ ...from, checkpointId: 'ck_none' })).rejects.toMatchObject({ code: 'guest_failed' });
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
  });

  test('of a session that was suspended since goes on all the same: its checkpoints outlive its machine', async () => {
    const { from } = await begin();
    const session = await branch({ ...from, machineId: 'm_before' });
    const { guest } = await world.broker.connect(session.sessionId);
    expect((await guest.readFile('kept.txt')).toString()).toBe('kept');
  });
});
