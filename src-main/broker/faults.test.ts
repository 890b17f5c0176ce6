import { afterEach, describe, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { FakeClock } from '../base/clock';
import { sleep } from '../base/deadline';
import { agent, eventually, pass, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const ended = (sessionId: string) =>
  world.events
    .flatMap((event) => (event.event === 'session' && event.data.sessionId === sessionId ? [event.data] : []))
    .at(-1);

describe('machines that fail', () => {
  test.each(['silent', 'rubbish', 'wrongIdentity', 'hangs'] as const)(
    'a guest that is %s at its making is kept for a look, with the reason, and others take its place',
    async (kind) => {
      world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
      world.backend.faults.guest = { kind };
      await world.start({ limits: { checkMs: 250, backoffMs: 60 } });
      await eventually(
        () => world.inState('quarantined').length > 0,
        () => world.describe(),
      );
      expect(world.inState('quarantined')[0]?.reason?.length).toBeGreaterThan(20);
      await eventually(() => world.condition('Ready')?.reason === 'CreateFailed');
      expect(world.condition('Warm')?.message).toMatch(/Making a machine failed: .+ Trying again in/);
      world.backend.faults.guest = { kind: 'none' };
      await world.ready(1);
      expect(world.condition('Warm')).toMatchObject({ status: 'True', reason: 'MachineQuarantined' });
      expect((await world.acquire()).machineId).toBe(world.inState('leased')[0]?.machineId);
    },
  );

  test('a screen that stays blank is not ready', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 1 } });
    world.blank = true;
    await world.start({ limits: { checkMs: 150 } });
    await eventually(() =>
      world.events.some((event) => event.event === 'machine' && event.data.state === 'quarantined'),
    );
    expect(JSON.stringify(world.events)).toContain('The screen shows no picture.');
    expect(world.inState('ready')).toEqual([]);
    world.blank = false;
    await world.ready(1);
  });

  test('creates that fail are tried again with growing pauses', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
    world.backend.faults.createFails = 'guest_failed';
    const clock = new FakeClock();
    await world.start({
      clock,
      random: () => 1,
      limits: {
        backoffMs: 1000,
        backoffMaxMs: 60_000,
        breakMs: 120_000,
        breakMaxMs: 900_000,
        tickMs: 100,
        sleepGapMs: 60_000,
      },
    });
    const tries: number[] = [];
    for (let n = 0; n < 160; n++) {
      await pass(clock, 100, 100);
      await sleep(1);
      tries.push(world.backend.created.length);
    }
    // 0, 1, 3, 7 and 15 seconds.
    expect([tries[5], tries[20], tries[50], tries[100], tries[159]]).toEqual([1, 2, 3, 4, 5]);
  });

  test('a dead warm machine is replaced', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 2, maximum: 4 } });
    await world.start();
    await world.ready(2);
    const dead = world.inState('ready')[0]?.machineId ?? '';
    world.backend.kill(dead, 'out of memory');
    expect(world.machines().find((row) => row.machineId === dead)).toMatchObject({
      state: 'quarantined',
      trouble: 'dead',
      reason: expect.stringMatching(
        /^The machine ended: out of memory\. Nobody had it\. .+ Its console may say why\.$/,
      ),
    });
    await world.ready(2);
  });

  test('a frozen warm machine is found by its silence, and never handed out', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start({ limits: { healthTimeoutMs: 50, checkMs: 300 } });
    await world.ready(1);
    const frozen = world.inState('ready')[0]?.machineId ?? '';
    await world.backend.pause(frozen, new AbortController().signal);
    const session = await world.acquire();
    expect(session.machineId).not.toBe(frozen);
    await eventually(
      () => world.machines().find((row) => row.machineId === frozen)?.trouble === 'frozen',
      () => world.describe(),
    );
    expect(world.inState('quarantined')).toMatchObject([{ machineId: frozen }]);
  });

  test('quarantined machines go after their time', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 3 } });
    await world.start({ limits: { quarantinedMs: 100 } });
    const session = await world.acquire();
    world.broker.fail(session.sessionId, 'as told');
    expect(world.inState('quarantined')).toHaveLength(1);
    await eventually(() => world.machines().length === 0);
    expect(await world.backend.list(new AbortController().signal)).toEqual([]);
  });
});

describe('sessions whose machine fails', () => {
  test('a killed machine fails its own session only, with the reason, and the pool recovers', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 4 } });
    await world.start();
    const one = await world.acquire();
    const two = await world.acquire();
    world.backend.kill(one.machineId ?? '', 'killed');
    expect(world.broker.sessions.get(one.sessionId)).toMatchObject({
      status: 'failed',
      reason: 'The machine ended: killed',
    });
    expect(ended(one.sessionId)?.status).toBe('failed');
    await expect(world.broker.connect(one.sessionId)).rejects.toMatchObject({ code: 'session_gone' });
    expect(() => world.broker.sessions.byComputer(one.computerId)).toThrow(/ended/);
    expect((await world.broker.connect(two.sessionId)).session.status).toBe('active');
    await world.ready(1);
  });

  test('a hung guest fails its session after some silence', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } });
    await world.start({ limits: { healthTimeoutMs: 40 } });
    const { sessionId, machineId } = await world.acquire();
    const guest = world.backend.guest(machineId ?? '');
    if (guest) guest.frozen = true;
    await eventually(() => world.broker.sessions.get(sessionId).status === 'failed');
    expect(world.broker.sessions.get(sessionId).reason).toMatch(/hangs: 3 health checks/);
    expect(world.inState('quarantined')).toMatchObject([{ machineId, trouble: 'silent' }]);
  });

  test('a machine that vanished without a word is missed', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } });
    await world.start({ limits: { healthEveryMs: 60_000 } });
    const { sessionId, machineId } = await world.acquire();
    await world.backend.destroy(machineId ?? '', new AbortController().signal);
    await eventually(() => world.broker.sessions.get(sessionId).status === 'failed');
    expect(world.broker.sessions.get(sessionId).reason).toMatch(/gone|started anew|lost|ended/i);
  });

  test('a backend that goes away leaves nothing ready, keeps sessions, and comes back', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 3 } });
    await world.start();
    const session = await world.acquire();
    await world.ready(1);
    const warm = world.inState('ready')[0]?.machineId;
    world.backend.faults.unreachable = true;
    await eventually(() => world.inState('ready').length === 0);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'BackendUnreachable' });
    expect((await world.broker.connect(session.sessionId)).session.status).toBe('active');
    world.backend.faults.unreachable = false;
    await world.ready(1);
    expect(world.inState('ready')[0]?.machineId).toBe(warm);
  });

  test('a machine that can’t be ended is tried again and keeps its place', async () => {
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 1 } });
    await world.start();
    const { sessionId } = await world.acquire();
    world.backend.faults.destroyFails = 'guest_failed';
    await world.broker.release(sessionId, 'test', 'done');
    await expect(world.acquire({ waitMs: 80 })).rejects.toMatchObject({ code: 'acquire_timeout' });
    expect(world.machines()).toHaveLength(1);
    world.backend.faults.destroyFails = null;
    expect((await world.acquire()).status).toBe('active');
  });
});

describe('idleness', () => {
  const idlePool = { warm: { minimum: 1, maximum: 4 }, idle: { policy: 'release' as const, afterSeconds: 60 } };
  const started = async (): Promise<FakeClock> => {
    world = new World(createFakeBackend, idlePool);
    const clock = new FakeClock();
    await world.start({
      clock,
      limits: { tickMs: 1000, healthEveryMs: 10_000, probeEveryMs: 10_000, listEveryMs: 10_000, sleepGapMs: 15_000 },
    });
    return clock;
  };

  test('ends what nobody used, and nothing before its time', async () => {
    const clock = await started();
    const idle = await world.acquire();
    const used = await world.acquire();
    expect(Date.parse(idle.expiresAt ?? '') - clock.now()).toBe(60_000);
    await pass(clock, 58_000);
    expect(world.broker.sessions.get(idle.sessionId).status).toBe('active');
    world.broker.touch(used.sessionId);
    expect(Date.parse(world.broker.sessions.get(used.sessionId).expiresAt ?? '') - clock.now()).toBe(60_000);
    await pass(clock, 4000);
    expect(world.broker.sessions.get(idle.sessionId)).toMatchObject({
      status: 'released',
      reason: 'Nothing happened for 1 min.',
    });
    expect(world.broker.sessions.get(used.sessionId).status).toBe('active');
    await pass(clock, 60_000);
    expect(world.broker.sessions.get(used.sessionId).status).toBe('released');
  });

  test('spares a person’s hold and whatever waits or is under way', async () => {
    const clock = await started();
    const held = await world.acquire();
    const waiting = await world.acquire();
    world.controls.set(held.sessionId, { kind: 'human', holder: 'olga' });
    world.spared.add(waiting.sessionId);
    await pass(clock, 300_000, 5000);
    expect(world.broker.sessions.live().map((one) => one.sessionId)).toEqual([held.sessionId, waiting.sessionId]);
    world.controls.clear();
    await pass(clock, 58_000);
    expect(world.broker.sessions.get(held.sessionId).status).toBe('active');
    await pass(clock, 4000);
    expect(world.broker.sessions.get(held.sessionId).status).toBe('released');
  });

  test('a computer that slept evicts nobody', async () => {
    const clock = await started();
    const { sessionId } = await world.acquire();
    await pass(clock, 30_000);
    // The process stood still: timers run late, once.
    const timers = clock as unknown as { time: number };
    timers.time += 8 * 3_600_000;
    await pass(clock, 20_000);
    expect(world.broker.sessions.get(sessionId).status).toBe('active');
    await pass(clock, 15_000);
    expect(world.broker.sessions.get(sessionId).status).toBe('released');
  });

  test('activity is written now and then, and read back after a restart', async () => {
    world = new World(createFakeBackend, idlePool);
    await world.start();
    const { sessionId, lastActivityAt } = await world.acquire();
    await sleep(30);
    world.broker.touch(sessionId);
    const touched = world.broker.sessions.get(sessionId).lastActivityAt;
    expect(touched > lastActivityAt).toBe(true);
    await eventually(() => world.sessions()[0]?.lastActivityAt === touched);
    await world.restart();
    expect(world.broker.sessions.get(sessionId).lastActivityAt).toBe(touched);
  });
});

test('listeners hear of the beginning and the end, and the agent names itself', async () => {
  world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
  await world.start();
  const heard: string[] = [];
  world.broker.onLive((session) => heard.push(`live ${session.status}`));
  world.broker.onEnded((session) => heard.push(`ended ${session.status}`));
  world.broker.onLive(() => {
    throw new Error('a broken listener');
  });
  const { sessionId } = await world.acquire({ caller: agent });
  world.broker.setAgent(sessionId, 'sdk 2.4');
  expect(world.broker.sessions.get(sessionId).agent).toBe('sdk 2.4');
  await world.broker.release(sessionId, 'test', 'done');
  expect(heard).toEqual(['live active', 'ended released']);
});
