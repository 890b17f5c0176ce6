import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import type { Session } from '@shared/session';
import { sleep } from '../base/deadline';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import { agent, eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const suspending: PoolPatch = {
  warm: { minimum: 1, maximum: 3 },
  idle: { policy: 'suspend', afterSeconds: 3600 },
};

async function begin(patch: PoolPatch = {}): Promise<Session> {
  world = new World(createFakeBackend, { ...suspending, ...patch });
  await world.start();
  return world.acquire({ caller: agent });
}
const status = (sessionId: string) => world.broker.sessions.get(sessionId).status;
const write = async (sessionId: string, path: string, text: string): Promise<void> => {
  const { guest } = await world.broker.connect(sessionId);
  await guest.writeFile({ epoch: 1, path, data: Buffer.from(text) });
};
const read = async (sessionId: string, path: string): Promise<string> => {
  const { guest } = await world.broker.connect(sessionId);
  return (await guest.readFile(path)).toString();
};
const homes = () => homeStore(world.db).all();

describe('a session that is suspended', () => {
  test('loses its machine, and comes back under the same ids with its home on another', async () => {
    const session = await begin();
    const { sessionId, machineId } = session;
    const heard: string[] = [];
    world.broker.onSuspended((one) => heard.push(`suspended ${one.status} ${one.machineId}`));
    world.broker.onLive((one) => heard.push(`live ${one.status}`));
    await write(sessionId, 'notes.txt', 'the third try worked');
    await write(sessionId, '/tmp/scratch', 'gone');
    await world.broker.suspend(sessionId, 'olga');

    const away = world.broker.sessions.get(sessionId);
    expect(away).toMatchObject({ status: 'idle', machineId: null, screen: null, machine: null, reason: null });
    expect(Date.parse(away.suspendedAt ?? '')).toBeGreaterThan(0);
    const days = (Date.parse(away.expiresAt ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThanOrEqual(30.1);
    await eventually(() => world.machines().every((row) => row.machineId !== machineId));
    expect((await world.states()).has(machineId ?? '')).toBe(false);
    await world.broker.suspend(sessionId, 'olga');
    expect(heard).toEqual(['suspended idle null']);

    const { session: back } = await world.broker.connect(sessionId);
    expect(back).toMatchObject({
      ...{ sessionId, computerId: session.computerId, name: session.name, createdAt: session.createdAt },
      ...{ status: 'active', suspendedAt: null },
    });
    expect(back.machineId).not.toBe(machineId);
    expect(await read(sessionId, 'notes.txt')).toBe('the third try worked');
    await expect(read(sessionId, '/tmp/scratch')).rejects.toMatchObject({ code: 'not_found' });
    expect(heard).toEqual(['suspended idle null', 'live active']);
    expect(homes().filter((home) => home.sessionId === sessionId)).toHaveLength(1);
  });

  test('is resumed once for all who ask, who are told what they wait for', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    const created = world.backend.created.length;
    world.backend.faults.createDelayMs = 80;
    const words: string[] = [];
    const all = await Promise.all(
      Array.from({ length: 5 }, () => world.broker.connect(sessionId, { progress: (said) => words.push(said) })),
    );
    expect(new Set(all.map(({ session }) => session.machineId)).size).toBe(1);
    const made = world.machines().filter((row) => row.sessionId === sessionId || row.forSession === sessionId);
    expect(made).toHaveLength(1);
    expect(words[0]).toMatch(/suspended; its desktop is coming up/);
    expect(words.some((said) => /being made/.test(said))).toBe(true);
    expect(world.backend.created.length - created).toBeLessThanOrEqual(2);
  });

  test('is told to whoever measures, once a resume', async () => {
    world = new World(createFakeBackend, suspending);
    const outcomes: string[] = [];
    await world.start({ hooks: { acquired: ({ outcome, ms }) => outcomes.push(`${outcome} ${ms > 0}`) } });
    const { sessionId } = await world.acquire();
    await world.broker.suspend(sessionId, 'test');
    await Promise.all([world.broker.connect(sessionId), world.broker.connect(sessionId)]);
    expect(outcomes.slice(1)).toEqual(['resumed true']);
  });

  test('is not woken by who does not need its machine', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    await expect(world.broker.connect(sessionId, { wake: false })).rejects.toMatchObject({
      code: 'not_ready',
      data: { suspended: true },
    });
    world.broker.touch(sessionId);
    world.broker.setAgent(sessionId, 'sdk');
    expect(world.broker.sessions.live().map((one) => one.status)).toEqual(['idle']);
    await expect(world.broker.freeze(sessionId)).rejects.toMatchObject({ code: 'not_ready' });
    await sleep(60);
    expect(status(sessionId)).toBe('idle');
    expect((await world.acquire({ sessionId, caller: agent })).status).toBe('idle');
  });

  test('ends in one step, and its home with it', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    const ended: string[] = [];
    world.broker.onEnded((one) => ended.push(one.status));
    await world.broker.release(sessionId, 'olga', 'done');
    expect(world.broker.sessions.get(sessionId)).toMatchObject({ status: 'released', reason: 'done', expiresAt: null });
    expect(ended).toEqual(['released']);
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({ code: 'session_gone' });
    await eventually(() => homes().every((home) => home.sessionId === null && home.caller === null));
    await expect(world.broker.release(sessionId, 'olga', 'again')).rejects.toMatchObject({ code: 'session_gone' });
  });

  test('ends with its pool, by force alone', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    await expect(world.broker.pools.delete('desktop', { force: false })).rejects.toMatchObject({ code: 'conflict' });
    expect(status(sessionId)).toBe('idle');
    await world.broker.pools.delete('desktop', { force: true });
    expect(status(sessionId)).toBe('released');
  });

  test('comes back also while its pool is paused, and not while a person has stopped it', async () => {
    const { sessionId } = await begin();
    await world.broker.suspend(sessionId, 'test');
    world.patch({ paused: true });
    world.controls.set(sessionId, { kind: 'paused', pausedBy: 'olga' });
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({
      code: 'control_paused',
      data: { by: 'olga', frozen: true },
    });
    expect(status(sessionId)).toBe('idle');
    expect((await world.broker.connect(sessionId, { wake: true })).session.status).toBe('active');
  });

  test('gets a machine of its pool as it is now, and room is made for it', async () => {
    const { sessionId } = await begin({ warm: { minimum: 0, maximum: 1 } });
    await world.broker.suspend(sessionId, 'test');
    const other = await world.acquire({ waitMs: 3000 });
    const waiting = world.broker.connect(sessionId);
    await sleep(60);
    expect(status(sessionId)).toBe('acquiring');
    await world.broker.release(other.sessionId, 'test', 'done');
    expect((await waiting).session.status).toBe('active');
  });
});

describe('what can’t be suspended', () => {
  test('a session of a pool that releases, and one that a person or a call has', async () => {
    const { sessionId } = await begin();
    world.controls.set(sessionId, { kind: 'human', holder: 'olga' });
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'conflict' });
    world.controls.clear();
    world.spared.add(sessionId);
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'conflict' });
    world.spared.clear();
    await world.broker.freeze(sessionId);
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'conflict' });
    await world.broker.thaw(sessionId);
    world.patch({ idle: { policy: 'release', afterSeconds: 3600 } });
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'not_supported' });
    await world.broker.release(sessionId, 'test', 'done');
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'session_gone' });
  });

  test('one whose agent does not settle and goes on goes on; one that is silent goes as it is', async () => {
    world = new World(createFakeBackend, suspending);
    world.backend.faults.guest = { kind: 'unsettled' };
    await world.start({ limits: { settleMaxMs: 60, healthTimeoutMs: 150, healthEveryMs: 60_000 } });
    const { sessionId, machineId } = await world.acquire();
    await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'guest_failed' });
    expect(world.broker.sessions.get(sessionId)).toMatchObject({ status: 'active', machineId, suspendedAt: null });
    expect(world.sessions()[0]?.suspendedAt).toBeNull();
    const guest = world.backend.guest(machineId ?? '');
    if (guest) guest.frozen = true;
    await world.broker.suspend(sessionId, 'test');
    expect(status(sessionId)).toBe('idle');
  });

  test('a machine does not keep its session from it for good', async () => {
    world = new World(createFakeBackend, suspending);
    world.backend.faults.guest = { kind: 'unsettled' };
    await world.start({ limits: { settleMaxMs: 60, healthTimeoutMs: 150, healthEveryMs: 60_000 } });
    const { sessionId, machineId } = await world.acquire();
    for (const _ of [1, 2]) {
      await expect(world.broker.suspend(sessionId, 'test')).rejects.toMatchObject({ code: 'guest_failed' });
      expect(status(sessionId)).toBe('active');
    }
    await world.broker.suspend(sessionId, 'test');
    expect(status(sessionId)).toBe('idle');
    await eventually(() => world.machines().every((row) => row.machineId !== machineId));
    world.backend.faults.guest = { kind: 'none' };
    const { session } = await world.broker.connect(sessionId);
    expect([session.status, session.home]).toEqual(['active', expect.objectContaining({ keep: false })]);
  });
});
