import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { sleep } from '../base/deadline';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const signal = new AbortController().signal;
const rowOf = (machineId: string) => world.machines().find((row) => row.machineId === machineId);
/** Looks are frequent and short, so that what is waited for is the broker's doing. */
const limits = { healthTimeoutMs: 100, healthSlowMs: 20, listEveryMs: 60_000, checkMs: 2000 };

async function leased(more: Partial<typeof limits & { frozenMs: number }> = {}) {
  world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 4 } });
  await world.start({ limits: { ...limits, ...more } });
  const session = await world.acquire();
  const machineId = session.machineId ?? '';
  const guest = world.backend.guest(machineId);
  if (!guest) throw new Error('no guest');
  return { ...session, machineId, guest };
}

describe('a machine that nobody has', () => {
  test('stopped from outside is frozen, found by its silence and by the list', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 2, maximum: 6 } });
    await world.start({ limits });
    await world.ready(2);
    const [first] = world.inState('ready');
    await world.backend.pause(first?.machineId ?? '', signal);
    await eventually(() => rowOf(first?.machineId ?? '')?.state === 'quarantined');
    expect(rowOf(first?.machineId ?? '')).toMatchObject({ trouble: 'frozen' });
    expect(rowOf(first?.machineId ?? '')?.reason).toMatch(/outside Wheelhouse .+ Nobody had it.+let it go on/s);

    await world.restart({ limits: { ...limits, listEveryMs: 30, healthEveryMs: 60_000 } });
    await world.ready(2);
    const [second] = world.inState('ready');
    await world.backend.pause(second?.machineId ?? '', signal);
    await eventually(() => rowOf(second?.machineId ?? '')?.trouble === 'frozen');
    await world.ready(2);
  });

  test('that was asked for while it is stopped is not handed out, and known for frozen at once', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start({ limits: { ...limits, healthEveryMs: 60_000, pingMs: 30, checkMs: 60_000 } });
    await world.ready(1);
    const frozen = world.inState('ready')[0]?.machineId ?? '';
    await world.backend.pause(frozen, signal);
    expect((await world.acquire()).machineId).not.toBe(frozen);
    await eventually(
      () => rowOf(frozen)?.trouble === 'frozen',
      () => world.describe(),
    );
  });

  test('with a full disk is set aside, and replaced', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start({ limits });
    await world.ready(1);
    const full = world.inState('ready')[0]?.machineId ?? '';
    const guest = world.backend.guest(full);
    if (guest) guest.disk = { freeBytes: 10 * 1024 ** 3, homeFreeBytes: 4096 };
    await eventually(() => rowOf(full)?.trouble === 'disk_full');
    await world.ready(1);
    expect((await world.acquire()).machineId).not.toBe(full);
  });

  test.each([
    [{ kind: 'diskFull' }, 'disk_full'],
    [{ kind: 'wrongIdentity' }, 'lying'],
    [{ kind: 'marked', mark: 'session of before' }, 'lying'],
    [{ kind: 'silent' }, 'not_ready'],
    [{ kind: 'rubbish' }, 'not_ready'],
  ] as const)('made %o is %s', async (fault, trouble) => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    world.backend.faults.guest = { ...fault };
    await world.start({ limits: { checkMs: 300 } });
    await eventually(
      () => world.inState('quarantined').length > 0,
      () => world.describe(),
    );
    expect(world.inState('quarantined')[0]?.trouble).toBe(trouble);
    expect(world.inState('ready')).toEqual([]);
  });

  test('that dies as it comes up is dead', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    world.backend.faults.guest = { kind: 'dies', afterMs: 0 };
    await world.start({ limits: { checkMs: 5000 } });
    await eventually(() => world.inState('quarantined').length > 0);
    expect(['dead', 'not_ready']).toContain(world.inState('quarantined')[0]?.trouble);
  });
});

describe('a machine that a session has', () => {
  test('stopped from outside does not end it at once, and is told; let go on, all is as before', async () => {
    const { sessionId, machineId } = await leased();
    await world.backend.pause(machineId, signal);
    await eventually(() => rowOf(machineId)?.trouble === 'frozen');
    expect(rowOf(machineId)?.reason).toMatch(/Nothing in it is lost/);
    const said = world.events.findLast((event) => event.event === 'machine' && event.data.machineId === machineId);
    expect(said?.data).toMatchObject({ trouble: 'frozen', state: 'leased', sessionId });
    // Far longer than it takes a silent one to be lost.
    await sleep(600);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    await world.backend.unpause(machineId, signal);
    await eventually(() => rowOf(machineId)?.trouble === null);
    expect(rowOf(machineId)?.reason).toBeNull();
    await (await world.broker.connect(sessionId)).guest.listWindows();
  });

  test('stopped for too long fails its session, as frozen', async () => {
    const { sessionId, machineId } = await leased({ frozenMs: 200 });
    await world.backend.pause(machineId, signal);
    await eventually(() => world.broker.sessions.get(sessionId).status === 'failed');
    expect(world.broker.sessions.get(sessionId).reason).toMatch(/outside Wheelhouse .+ did not go on within/);
    expect(rowOf(machineId)).toMatchObject({ state: 'quarantined', trouble: 'frozen' });
    await world.ready(1);
  });

  test('stopped while the broker was away goes on with it too', async () => {
    const { sessionId, machineId } = await leased();
    await world.backend.pause(machineId, signal);
    await world.restart({ limits: { ...limits, adoptMs: 150 } });
    await eventually(() => rowOf(machineId)?.trouble === 'frozen');
    await sleep(300);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    await world.backend.unpause(machineId, signal);
    await eventually(async () =>
      world.broker.connect(sessionId).then(
        () => true,
        () => false,
      ),
    );
    await eventually(() => rowOf(machineId)?.trouble === null);
  });

  test('frozen on a person’s word is no trouble', async () => {
    const { sessionId, machineId } = await leased({ frozenMs: 50 });
    await world.broker.freeze(sessionId);
    await sleep(400);
    expect(rowOf(machineId)).toMatchObject({ state: 'leased', trouble: null });
    await world.broker.thaw(sessionId);
  });

  test('with a full disk goes on, is told, and no longer when there is room', async () => {
    const { sessionId, machineId, guest } = await leased();
    guest.disk = { freeBytes: 0, homeFreeBytes: 0 };
    await eventually(() => rowOf(machineId)?.trouble === 'disk_full');
    guest.disk = { freeBytes: 2 * 1024 ** 2, homeFreeBytes: 2 * 1024 ** 2 };
    await sleep(200);
    expect(rowOf(machineId)?.trouble).toBe('disk_full');
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    guest.disk = { freeBytes: 8 * 1024 ** 2, homeFreeBytes: 8 * 1024 ** 2 };
    await eventually(() => rowOf(machineId)?.trouble === null);
  });

  test('bears a mark from its lease on, and gets it again where it was lost', async () => {
    const { sessionId, guest } = await leased();
    await eventually(() => guest.mark === `session ${sessionId}`);
    guest.mark = null;
    await eventually(() => guest.mark !== null);
  });

  test('that was killed is dead, and so is its session', async () => {
    const { sessionId, machineId } = await leased();
    world.backend.kill(machineId, 'killed');
    expect(rowOf(machineId)).toMatchObject({ state: 'quarantined', trouble: 'dead' });
    expect(rowOf(machineId)?.reason).toMatch(/killed\. Its session has failed with it/);
    expect(world.broker.sessions.get(sessionId).reason).toBe('The machine ended: killed');
  });
});
