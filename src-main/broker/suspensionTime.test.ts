import { afterEach, describe, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import { FakeClock } from '../base/clock';
import { sleep } from '../base/deadline';
import { createFakeBackend } from '../sandbox/fake';
import { homeStore } from '../store/homes';
import type { Limits } from './options';
import { eventually, pass, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const suspending: PoolPatch = {
  warm: { minimum: 1, maximum: 4 },
  idle: { policy: 'suspend', afterSeconds: 60 },
  acquire: { screen: false, idleSeconds: { minimum: 10, maximum: 600 } },
};
const limits = {
  ...{ tickMs: 1000, healthEveryMs: 10_000, probeEveryMs: 10_000, listEveryMs: 10_000, sleepGapMs: 15_000 },
  ...{ homesEveryMs: 10_000, expireEveryMs: 10_000 },
};
const status = (sessionId: string) => world.broker.sessions.get(sessionId).status;
const idle = (sessionId: string) =>
  eventually(
    () => status(sessionId) === 'idle',
    () => world.describe(),
  );

async function started(patch: PoolPatch = {}, more: Partial<Limits> = {}): Promise<FakeClock> {
  world = new World(createFakeBackend, { ...suspending, ...patch });
  const clock = new FakeClock();
  await world.start({ clock, limits: { ...limits, ...more } });
  return clock;
}

describe('idleness in a pool that suspends', () => {
  test('takes the machine and leaves the session; its own idle time goes before its pool’s', async () => {
    const clock = await started();
    const usual = await world.acquire();
    const patient = await world.acquire({ idleSeconds: 300 });
    expect(Date.parse(patient.expiresAt ?? '') - clock.now()).toBe(300_000);
    await pass(clock, 58_000);
    expect(status(usual.sessionId)).toBe('active');
    await pass(clock, 4000);
    await idle(usual.sessionId);
    await pass(clock, 200_000, 5000);
    expect(status(patient.sessionId)).toBe('active');
    await pass(clock, 60_000, 5000);
    await idle(patient.sessionId);
    expect(world.broker.sessions.live().map((one) => one.status)).toEqual(['idle', 'idle']);
  });

  test('spares a person’s hold, whatever is under way, and the frozen', async () => {
    const clock = await started();
    const held = await world.acquire();
    const waiting = await world.acquire();
    const frozen = await world.acquire();
    world.controls.set(held.sessionId, { kind: 'human', holder: 'olga' });
    world.spared.add(waiting.sessionId);
    await world.broker.freeze(frozen.sessionId);
    await pass(clock, 200_000, 5000);
    expect(world.broker.sessions.live().map((one) => one.status)).toEqual(['active', 'active', 'active']);
    world.controls.clear();
    world.spared.clear();
    await world.broker.thaw(frozen.sessionId);
    await pass(clock, 64_000);
    for (const { sessionId } of [held, waiting, frozen]) await idle(sessionId);
  });

  test('a computer that slept suspends nobody', async () => {
    const clock = await started();
    const { sessionId } = await world.acquire();
    await pass(clock, 30_000);
    (clock as unknown as { time: number }).time += 8 * 3_600_000;
    await pass(clock, 20_000);
    expect(status(sessionId)).toBe('active');
    await pass(clock, 15_000);
    await idle(sessionId);
  });

  test('begins anew when the session comes back', async () => {
    const clock = await started();
    const { sessionId } = await world.acquire();
    await pass(clock, 64_000);
    await idle(sessionId);
    const back = world.broker.connect(sessionId);
    for (let n = 0; n < 400 && status(sessionId) !== 'active'; n++) {
      clock.advance(5);
      await sleep(5);
    }
    await back;
    await pass(clock, 50_000);
    expect(status(sessionId)).toBe('active');
    await pass(clock, 14_000);
    await idle(sessionId);
  });

  test('a session without a home is released, as its pool said when it began', async () => {
    const clock = await started({ idle: { policy: 'release', afterSeconds: 60 } });
    const { sessionId } = await world.acquire();
    world.patch({ idle: { policy: 'suspend', afterSeconds: 60 } });
    await pass(clock, 64_000);
    expect(world.broker.sessions.get(sessionId)).toMatchObject({
      status: 'released',
      reason: 'Nothing happened for 1 min.',
    });
  });
});

describe('expiry', () => {
  const twoDays: PoolPatch = { home: { policy: 'none', quotaMiB: 0, expiresAfterDays: 2 } };
  const hour = 3_600_000;
  /** A tick a second for days would take longer than it proves. */
  const slow = { tickMs: 60_000, sleepGapMs: 7_200_000 };
  /** Awake or asleep, counted an hour at a time. */
  const hours = async (clock: FakeClock, count: number): Promise<void> => {
    for (let n = 0; n < count; n++) await pass(clock, hour, hour);
  };

  test('ends what nobody woke for so long, by counted time, and its home', async () => {
    const clock = await started(twoDays, slow);
    const { sessionId } = await world.acquire();
    await world.broker.suspend(sessionId, 'test');
    const began = clock.now();
    await hours(clock, 47);
    expect(status(sessionId)).toBe('idle');
    const expiresAt = Date.parse(world.broker.sessions.get(sessionId).expiresAt ?? '');
    expect(Math.abs(expiresAt - (began + 48 * hour))).toBeLessThan(60_000);
    await hours(clock, 2);
    expect(world.broker.sessions.get(sessionId)).toMatchObject({ status: 'expired', expiresAt: null });
    await expect(world.broker.connect(sessionId)).rejects.toMatchObject({ code: 'session_gone' });
    await pass(clock, 30_000, 1000);
    await eventually(() =>
      homeStore(world.db)
        .all()
        .every((home) => home.caller === null),
    );
  });

  test('a wall clock that jumps years ahead ends nothing', async () => {
    const clock = await started(twoDays);
    const { sessionId } = await world.acquire();
    await world.broker.suspend(sessionId, 'test');
    (clock as unknown as { time: number }).time += 5 * 365 * 24 * hour;
    await pass(clock, 60_000, 5000);
    expect(status(sessionId)).toBe('idle');
  });

  test('counts on over a restart, at most seven days of absence', async () => {
    const clock = await started(twoDays, slow);
    const { sessionId } = await world.acquire();
    await world.broker.suspend(sessionId, 'test');
    await hours(clock, 20);
    await world.broker.stop({ destroy: false });
    (clock as unknown as { time: number }).time += 20 * hour;
    await world.start({ clock, limits: { ...limits, ...slow } });
    expect(status(sessionId)).toBe('idle');
    await hours(clock, 6);
    expect(status(sessionId)).toBe('idle');
    await hours(clock, 3);
    expect(status(sessionId)).toBe('expired');
  });
});
