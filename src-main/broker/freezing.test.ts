import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '../base/deadline';
import { createFakeBackend } from '../sandbox/fake';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());

/** A backend that lets pools choose whether their ready machines are stopped. */
const begin = async (freeze: boolean, minimum = 2): Promise<void> => {
  world = new World(createFakeBackend, { warm: { minimum, maximum: 6, freeze } }, { parks: 'optional' });
  await world.start();
  await world.ready(minimum);
};
const switchTo = (freeze: boolean, minimum = 2) => world.patch({ warm: { minimum, maximum: 6, freeze } });
const statesOf = async (state: 'ready' | 'leased'): Promise<(string | undefined)[]> => {
  const states = await world.states();
  return world.inState(state).map((row) => states.get(row.machineId));
};
const allReady = (state: string) =>
  eventually(
    async () => (await statesOf('ready')).join() === [state, state].join(),
    () => world.describe(),
  );

describe('where a pool may choose', () => {
  test('ready machines run unless it says otherwise', async () => {
    await begin(false);
    expect(await statesOf('ready')).toEqual(['running', 'running']);
  });

  test('frozen ones are handed out running, and answer', async () => {
    await begin(true);
    expect(await statesOf('ready')).toEqual(['paused', 'paused']);
    const { sessionId, machineId } = await world.acquire();
    expect(await statesOf('leased')).toEqual(['running']);
    const { guest } = await world.broker.connect(sessionId);
    expect((await guest.health()).machineId).toBe(machineId);
  });

  test('switched on and off, ready machines follow, the same ones, and leased ones don’t', async () => {
    await begin(false);
    await world.acquire();
    await world.ready(2);
    const before = world.inState('ready').map((row) => row.machineId);
    switchTo(true);
    await allReady('paused');
    expect(await statesOf('leased')).toEqual(['running']);
    switchTo(false);
    await allReady('running');
    expect(world.inState('ready').map((row) => row.machineId)).toEqual(before);
    await sleep(100);
    expect(world.inState('quarantined')).toEqual([]);
    expect(world.inState('ready').map((row) => row.machineId)).toEqual(before);
  });

  test('switched while callers come, nobody gets one that stands still', async () => {
    await begin(false);
    const sessions: Promise<{ sessionId: string }>[] = [];
    for (let n = 0; n < 6; n++) {
      switchTo(n % 2 === 0);
      sessions.push(world.acquire({ waitMs: 8000 }));
      await sleep(7);
    }
    for (const { sessionId } of await Promise.all(sessions)) {
      const { guest } = await world.broker.connect(sessionId);
      expect((await guest.health(1000)).sessionReady).toBe(true);
    }
    expect(await statesOf('leased')).toEqual(Array(6).fill('running'));
  });

  test('switched while the broker is away, they are as the pool says when it is back', async () => {
    await begin(true);
    const before = world.inState('ready').map((row) => row.machineId);
    switchTo(false);
    await world.restart();
    await world.ready(2);
    await allReady('running');
    expect(world.inState('ready').map((row) => row.machineId)).toEqual(before);
  });

  test('one that can’t be let go on is set aside and replaced', async () => {
    await begin(true);
    const [stuck] = world.inState('ready');
    const { unpause } = world.backend;
    world.backend.unpause = (machineId, signal) =>
      machineId === stuck?.machineId ? Promise.reject(new Error('stuck')) : unpause(machineId, signal);
    switchTo(false);
    await eventually(() => world.inState('quarantined').some((row) => row.machineId === stuck?.machineId));
    await allReady('running');
  });
});
