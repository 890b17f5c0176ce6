import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import type { Limits } from './index';
import { sleep } from '../base/deadline';
import { WheelhouseError } from '../base/errors';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const { signal } = new AbortController();

const begin = async (limits: Partial<Limits> = {}, parks = true) => {
  world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 4 } }, { parks });
  await world.start({ limits });
  const session = await world.acquire();
  return { ...session, machineId: session.machineId ?? '' };
};
const state = async (machineId: string): Promise<string | undefined> => (await world.states()).get(machineId);
const run = async (sessionId: string, command: string): Promise<string> => {
  const { guest } = await world.broker.connect(sessionId);
  const { epoch } = await guest.health();
  return (await guest.exec({ epoch, command, timeoutMs: 5000 })).stdout;
};
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? 'no code',
  );

describe('frozen', () => {
  test('stops the machine and nothing takes its silence for a loss, until it is thawed', async () => {
    const { sessionId, machineId } = await begin({ healthEveryMs: 10, healthTimeoutMs: 10, healthFailures: 2 });
    await world.broker.freeze(sessionId);
    await world.broker.freeze(sessionId);
    expect([await state(machineId), world.broker.sessions.get(sessionId).frozen]).toEqual(['paused', true]);
    await sleep(200);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    expect((await world.broker.connect(sessionId)).session.frozen).toBe(true);
    await world.broker.thaw(sessionId);
    await world.broker.thaw(sessionId);
    expect([await state(machineId), world.broker.sessions.get(sessionId).frozen]).toEqual(['running', false]);
    expect((await (await world.broker.connect(sessionId)).guest.health(5000)).machineId).toBe(machineId);
    const said = world.events.flatMap((event) => (event.event === 'session' ? [event.data.frozen] : []));
    expect(said.filter((frozen, index) => frozen !== said[index - 1])).toEqual([false, true, false]);
  });

  test('stays so over a restart, and comes back to the same machine', async () => {
    const { sessionId, machineId } = await begin();
    const bootId = world.inState('leased')[0]?.bootId;
    await world.broker.freeze(sessionId);
    await world.restart();
    expect([await state(machineId), world.broker.sessions.get(sessionId).frozen]).toEqual(['paused', true]);
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({ code: 'not_ready' });
    await sleep(100);
    expect(await state(machineId)).toBe('paused');
    await world.broker.thaw(sessionId);
    const { guest } = await world.broker.connect(sessionId);
    expect(await guest.health()).toMatchObject({ machineId, bootId });
  });

  test('can be ended, and can be lost', async () => {
    const one = await begin();
    const two = await world.acquire();
    await world.broker.freeze(one.sessionId);
    await world.broker.freeze(two.sessionId);
    await world.broker.release(one.sessionId, 'test', 'done');
    await eventually(async () => (await state(one.machineId)) === undefined);
    world.backend.kill(two.machineId ?? '', 'out of memory');
    expect(world.broker.sessions.get(two.sessionId)).toMatchObject({ status: 'failed', frozen: false });
    await world.ready(1);
    expect(await code(world.broker.freeze(one.sessionId))).toBe('session_gone');
    expect(await code(world.broker.thaw(two.sessionId))).toBe('session_gone');
  });

  test('is not idle', async () => {
    world = new World(createFakeBackend, { idle: { policy: 'release', afterSeconds: 10 } }, { parks: true });
    const { FakeClock } = await import('../base/clock');
    const { pass } = await import('./testBroker');
    const clock = new FakeClock();
    await world.start({ clock, limits: { tickMs: 1000 } });
    const { sessionId } = await world.acquire();
    await world.broker.freeze(sessionId);
    await pass(clock, 60_000);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    await world.broker.thaw(sessionId);
    await pass(clock, 15_000);
    expect(world.broker.sessions.get(sessionId).status).toBe('released');
  });

  test('what the backend refuses leaves it running', async () => {
    const { sessionId } = await begin();
    world.backend.faults.unreachable = true;
    expect(await code(world.broker.freeze(sessionId))).toBe('guest_failed');
    expect(world.broker.sessions.get(sessionId).frozen).toBe(false);
  });
});

describe('saved and put back', () => {
  test('what was written after it is gone, under the same ids and a new boot', async () => {
    const { sessionId, machineId } = await begin();
    const boot = world.inState('leased')[0]?.bootId;
    await run(sessionId, 'echo before > ~/a.txt');
    expect((await world.broker.saveMachine(sessionId, 'ck_one', signal)).bytes).toBeGreaterThan(0);
    await run(sessionId, 'echo after > ~/b.txt');
    await world.broker.restoreMachine(sessionId, 'ck_one', signal);
    expect(await run(sessionId, 'cat ~/a.txt')).toContain('before');
    expect(world.backend.guest(machineId)?.shell.files.has('/home/session/b.txt')).toBe(false);
    const [row] = world.inState('leased');
    expect(row).toMatchObject({ machineId, restoring: null });
    expect(row?.bootId).not.toBe(boot);
    expect(world.broker.sessions.get(sessionId)).toMatchObject({ status: 'active', machineId });
    await sleep(100);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
  });

  test('a call that comes meanwhile waits for the machine; its end and its link’s are no loss', async () => {
    const { sessionId, machineId } = await begin({ healthEveryMs: 5 });
    await world.broker.saveMachine(sessionId, 'ck_one', signal);
    world.backend.faults.checkpointDelayMs = 150;
    const back = world.broker.restoreMachine(sessionId, 'ck_one', signal);
    await eventually(() => world.machines().some((row) => row.restoring === 'ck_one'));
    world.broker.fail(sessionId, 'The screen was lost');
    const call = world.broker.connect(sessionId);
    await back;
    const { bootId } = await (await call).guest.health();
    expect(bootId).toBe(world.backend.guest(machineId)?.bootId);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
  });

  test('a failure leaves it as it was, a loss fails the session in words', async () => {
    const { sessionId, machineId } = await begin();
    await world.broker.saveMachine(sessionId, 'ck_one', signal);
    const boot = world.inState('leased')[0]?.bootId;
    world.backend.faults.checkpointFails = 'guest_failed';
    expect(await code(world.broker.restoreMachine(sessionId, 'ck_one', signal))).toBe('guest_failed');
    expect(world.inState('leased')[0]).toMatchObject({ bootId: boot, restoring: null });
    expect((await (await world.broker.connect(sessionId)).guest.health()).bootId).toBe(boot);
    expect(await code(world.broker.restoreMachine(sessionId, 'ck_none', signal))).not.toBe('no error');
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    world.backend.faults.checkpointFails = 'lost';
    expect(await code(world.broker.restoreMachine(sessionId, 'ck_one', signal))).toBe('guest_failed');
    expect(world.broker.sessions.get(sessionId)).toMatchObject({
      status: 'failed',
      reason: 'The new process ended at once.',
    });
    expect(world.machines().find((row) => row.machineId === machineId)?.state).toBe('quarantined');
  });

  test('asks once more whether it may when its turn comes, and is not begun otherwise', async () => {
    const { sessionId } = await begin();
    await world.broker.saveMachine(sessionId, 'ck_one', signal);
    const boot = world.inState('leased')[0]?.bootId;
    const { guest } = await world.broker.connect(sessionId);
    world.backend.faults.checkpointDelayMs = 100;
    const saving = world.broker.saveMachine(sessionId, 'ck_two', signal);
    let held = false;
    const back = world.broker.restoreMachine(sessionId, 'ck_one', signal, () => {
      if (held) throw new WheelhouseError('stale_epoch', 'Control changed hands.');
    });
    // A person takes the machine while the restore waits for its turn.
    held = true;
    await saving;
    expect(await code(back)).toBe('stale_epoch');
    expect(world.inState('leased')[0]).toMatchObject({ bootId: boot, restoring: null });
    expect((await world.broker.connect(sessionId)).guest).toBe(guest);
  });

  test('frozen before, frozen after, with its link', async () => {
    const { sessionId, machineId } = await begin();
    await world.broker.saveMachine(sessionId, 'ck_one', signal);
    await world.broker.freeze(sessionId);
    await world.broker.restoreMachine(sessionId, 'ck_one', signal);
    expect([await state(machineId), world.broker.sessions.get(sessionId).frozen]).toEqual(['paused', true]);
    const { guest } = await world.broker.connect(sessionId);
    await world.broker.thaw(sessionId);
    expect((await guest.health()).machineId).toBe(machineId);
  });

  test('a release in the middle ends both', async () => {
    const { sessionId, machineId } = await begin();
    await world.broker.saveMachine(sessionId, 'ck_one', signal);
    world.backend.faults.checkpointDelayMs = 100;
    const back = code(world.broker.restoreMachine(sessionId, 'ck_one', signal));
    const queued = code(world.broker.freeze(sessionId));
    await eventually(() => world.machines().some((row) => row.restoring !== null));
    await world.broker.release(sessionId, 'test', 'done');
    expect([await back, await queued]).toEqual(['session_gone', 'session_gone']);
    await eventually(async () => (await state(machineId)) === undefined);
    expect(world.machines().some((row) => row.machineId === machineId)).toBe(false);
  });

  test('where machines can’t be saved, it is said', async () => {
    world = new World(createFakeBackend, {}, { checkpoints: false });
    await world.start();
    const { sessionId, machine } = await world.acquire();
    expect(machine?.checkpoints).toBe(false);
    expect(await code(world.broker.saveMachine(sessionId, 'ck', signal))).toBe('not_supported');
    expect(await code(world.broker.restoreMachine(sessionId, 'ck', signal))).toBe('not_supported');
    expect(world.broker.machineOf(sessionId).backend).toBe(world.backend);
    expect(() => world.broker.machineOf('nothing')).toThrow(/no such session/);
  });
});
