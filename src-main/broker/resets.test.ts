import { afterEach, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { connectGuest } from '../guest/index';
import type { ConnectGuest, GuestHealth } from '../guest/types';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());

/** Every machine, whatever it is asked, first passes through this. */
let lie: (machineId: string, health: GuestHealth) => GuestHealth = (_, health) => health;
const lying: ConnectGuest = async (target, signal) => {
  const guest = await connectGuest(target, signal);
  return { ...guest, health: async (ms) => lie(target.machineId, await guest.health(ms)) };
};
afterEach(() => void (lie = (_, health) => health));

const everReady = (machineId: string): boolean =>
  world.events.some(
    (event) => event.event === 'machine' && event.data.machineId === machineId && event.data.state === 'ready',
  );
async function released(warm = { minimum: 0, maximum: 3 }) {
  world = new World(createFakeBackend, { warm });
  await world.start({ connectGuest: lying, limits: { backoffMs: 50 } });
  const session = await world.acquire();
  const bootId = world.inState('leased')[0]?.bootId ?? '';
  await eventually(() => world.backend.guest(session.machineId ?? '')?.mark !== null);
  return { ...session, machineId: session.machineId ?? '', bootId };
}
/** The pool asks for a new one, which is a lie; then for a true one. */
async function neverHandedOut(): Promise<void> {
  world.patch({ warm: { minimum: 1, maximum: 3 } });
  await eventually(
    () => world.inState('quarantined').length > 0,
    () => world.describe(),
  );
  const [liar] = world.inState('quarantined');
  expect(liar?.trouble).toBe('lying');
  expect(everReady(liar?.machineId ?? '')).toBe(false);
  expect(world.inState('ready')).toEqual([]);
  lie = (_, health) => health;
  await world.ready(1);
  expect((await world.acquire()).machineId).not.toBe(liar?.machineId);
  expect(everReady(liar?.machineId ?? '')).toBe(false);
}

test('a machine that is the old one, in the old start of its agent, is not believed to be new', async () => {
  const { sessionId, bootId, machineId } = await released();
  await world.broker.release(sessionId, 'claude', 'done');
  lie = (_, health) => ({ ...health, bootId });
  await neverHandedOut();
  expect(world.events).toContainEqual(
    expect.objectContaining({
      event: 'machine',
      data: expect.objectContaining({ reason: expect.stringContaining(`is ${machineId} as it was`) }),
    }),
  );
});

test('a machine that answers with the old one’s identity is not believed', async () => {
  const { sessionId, machineId } = await released();
  await world.broker.release(sessionId, 'claude', 'done');
  lie = (_, health) => ({ ...health, machineId });
  await neverHandedOut();
});

test('a fresh start with something of the last session in it is not believed, also after a restart', async () => {
  const { sessionId } = await released();
  await world.broker.release(sessionId, 'claude', 'done');
  await eventually(() => world.machines().length === 0);
  await world.restart({ connectGuest: lying, limits: { backoffMs: 50 } });
  lie = (_, health) => ({ ...health, mark: `session ${sessionId}` });
  await neverHandedOut();
});

test('a warm machine that turns out to have been somebody’s is taken back at the next look', async () => {
  world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
  await world.start({ connectGuest: lying });
  await world.ready(1);
  const { machineId } = world.inState('ready')[0] ?? { machineId: '' };
  const guest = world.backend.guest(machineId);
  if (guest) guest.mark = 'session of before';
  await eventually(() => world.machines().find((row) => row.machineId === machineId)?.trouble === 'lying');
  await world.ready(1);
});

test('a machine that goes on from a checkpoint may bear the mark of the session that was saved', async () => {
  const { sessionId, machineId } = await released();
  await world.broker.saveMachine(sessionId, 'cp_1', new AbortController().signal);
  lie = (one, health) => (one === machineId ? health : { ...health, mark: `session ${sessionId}` });
  const branch = await world.acquire({ fromCheckpoint: { checkpointId: 'cp_1', machineId } });
  expect(branch.status).toBe('active');
});
