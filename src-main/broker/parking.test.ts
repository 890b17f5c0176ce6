import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { sleep } from '../base/deadline';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const signal = new AbortController().signal;
const begin = async (minimum: number, limits = {}, maximum = 4): Promise<void> => {
  world = new World(createFakeBackend, { warm: { minimum, maximum } }, { parks: true });
  await world.start({ limits });
  await world.ready(minimum);
};
const stateOf = async (machineId: string | null): Promise<string | undefined> =>
  (await world.states()).get(machineId ?? '');

describe('machines that are parked', () => {
  test('are paused while they are ready, and run for their session', async () => {
    await begin(2);
    for (const { machineId } of world.inState('ready')) expect(await stateOf(machineId)).toBe('paused');
    const { sessionId, machineId } = await world.acquire();
    expect(await stateOf(machineId)).toBe('running');
    const { guest } = await world.broker.connect(sessionId);
    expect((await guest.health()).machineId).toBe(machineId);
    await world.ready(2);
    for (const row of world.inState('ready')) expect(await stateOf(row.machineId)).toBe('paused');
  });

  test('are not asked for what they can’t answer, however long they stand', async () => {
    await begin(1, { healthEveryMs: 10, healthTimeoutMs: 10, healthFailures: 2, listEveryMs: 20 });
    const before = world.inState('ready');
    await sleep(300);
    expect(world.inState('ready')).toEqual(before);
  });

  test('are missed when their backend says that they ended, and replaced', async () => {
    await begin(1);
    const dead = world.inState('ready')[0]?.machineId ?? '';
    await world.backend.destroy(dead, signal);
    await eventually(() => world.inState('quarantined').some((row) => row.machineId === dead));
    await world.ready(1);
  });

  test('one that does not come back is set aside, and the next one is handed out', async () => {
    await begin(2, { wakeMs: 100, checkMs: 300, pauseMs: 300 });
    const broken = world.inState('ready')[0]?.machineId ?? '';
    const { unpause } = world.backend;
    world.backend.unpause = (machineId, s) => (machineId === broken ? Promise.resolve() : unpause(machineId, s));
    const { machineId } = await world.acquire();
    expect(machineId).not.toBe(broken);
    await eventually(
      () => world.inState('quarantined').some((row) => row.machineId === broken),
      () => world.describe(),
    );
  });

  test('one whose caller left is parked again, and none is handed out twice', async () => {
    await begin(1, {}, 1);
    const { machineId = '' } = world.inState('ready')[0] ?? {};
    const { unpause } = world.backend;
    let woken: () => void = () => {};
    const held = new Promise<void>((resolve) => (woken = resolve));
    world.backend.unpause = async (id, s) => {
      await held;
      await unpause(id, s);
    };
    const leave = new AbortController();
    const gone = world.acquire({}, leave.signal).catch((error: Error) => error.message);
    await sleep(20);
    leave.abort(new Error('left'));
    expect(await gone).toBe('left');
    woken();
    await eventually(async () => (await stateOf(machineId)) === 'paused');
    await sleep(30);
    expect([world.inState('ready').map((row) => row.machineId), await stateOf(machineId)]).toEqual([
      [machineId],
      'paused',
    ]);
    expect((await world.acquire()).machineId).toBe(machineId);
    expect(await stateOf(machineId)).toBe('running');
  });

  test('are believed after a restart only when they have answered', async () => {
    await begin(1);
    const { machineId } = await world.acquire();
    await world.ready(1);
    const [warm] = world.inState('ready');
    await world.restart();
    await world.ready(1);
    expect(world.inState('ready')[0]).toMatchObject({ machineId: warm?.machineId, bootId: warm?.bootId });
    expect(await stateOf(warm?.machineId ?? '')).toBe('paused');
    expect(await stateOf(machineId)).toBe('running');
  });

  test('one whose link is lost while it stands has to prove itself, and is replaced when it can’t', async () => {
    await begin(1, { checkMs: 300 });
    const { machineId = '' } = world.inState('ready')[0] ?? {};
    world.backend.guest(machineId)?.stop();
    await eventually(() => world.inState('quarantined').some((row) => row.machineId === machineId));
    await world.ready(1);
  });
});
