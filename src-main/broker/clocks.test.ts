import { afterEach, describe, expect, test } from 'vitest';
import { sleep } from '../base/deadline';
import { UnevenClock } from '../base/testing/unevenClock';
import { createFakeBackend } from '../sandbox/fake';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());

const hour = 3_600_000;
const years = 10 * 365 * 24 * hour;
const idleSeconds = 600;
/** Ticks as they are in life; what is waited for by real sockets gets room between them. */
const limits = { tickMs: 1000, sleepGapMs: 15_000, healthEveryMs: 5000, listEveryMs: 10_000, probeEveryMs: 5000 };
async function awake(clock: UnevenClock, ms: number): Promise<void> {
  for (let done = 0; done < ms; done += 1000) {
    clock.pass(Math.min(1000, ms - done));
    await sleep(1);
  }
}

const changes: [string, (clock: UnevenClock) => void][] = [
  ['the wall clock jumps ten years ahead', (clock) => clock.jump(years)],
  ['the wall clock jumps ten years back', (clock) => clock.jump(-years)],
  ['the computer sleeps eight hours, and the steady clock with it', (clock) => clock.sleep(8 * hour, false)],
  ['the computer sleeps eight hours, and the steady clock goes on', (clock) => clock.sleep(8 * hour, true)],
  ['it sleeps three times in a minute', (clock) => [1, 2, 3].forEach(() => (clock.sleep(hour, true), clock.pass(100)))],
];

describe.each(changes)('%s', (_, change) => {
  test('nobody is evicted at once, nobody dead comes back, and idleness counts on from then', async () => {
    const clock = new UnevenClock();
    world = new World(createFakeBackend, {
      warm: { minimum: 2, maximum: 8 },
      idle: { policy: 'release', afterSeconds: idleSeconds },
    });
    const broker = await world.start({ clock, limits });
    const until = (fact: () => boolean): Promise<void> =>
      eventually(
        async () => (fact() ? true : (await awake(clock, 100), false)),
        () => world.describe(),
      );
    await until(() => world.inState('ready').length === 2);
    const idle = await world.acquire();
    await until(() => world.inState('ready').length === 2);
    const ended = await world.acquire();
    await broker.release(ended.sessionId, 'claude', 'done');
    const lost = await world.acquire();
    broker.fail(lost.sessionId, 'as told');
    const held = await world.acquire();
    world.controls.set(held.sessionId, { kind: 'human', holder: 'Mara' });
    await until(() => world.inState('ready').length === 2 && world.inState('resetting').length === 0);
    const aside = world.inState('quarantined').map((row) => row.machineId);
    broker.machines.keep(aside[0] ?? '');
    await awake(clock, (idleSeconds / 2) * 1000);
    const ready = world.inState('ready').map((row) => row.machineId);

    change(clock);
    await awake(clock, 10_000);

    const status = (sessionId: string) => broker.sessions.get(sessionId).status;
    expect([idle, held].map(({ sessionId }) => status(sessionId))).toEqual(['active', 'active']);
    expect([status(ended.sessionId), status(lost.sessionId)]).toEqual(['released', 'failed']);
    expect(world.inState('ready').map((row) => row.machineId)).toEqual(ready);
    expect((await broker.connect(idle.sessionId)).session.machineId).toBe(idle.machineId);
    expect(world.inState('quarantined').some((row) => ready.includes(row.machineId))).toBe(false);
    await expect(world.acquire({ sessionId: ended.sessionId })).rejects.toMatchObject({ code: 'conflict' });

    // What was idle before still counts, and no more than that.
    await awake(clock, (idleSeconds / 2) * 1000 + 5000);
    expect([status(idle.sessionId), status(held.sessionId)]).toEqual(['released', 'active']);
  });

  test('who waits for a machine waits on, and gets it', async () => {
    const clock = new UnevenClock();
    world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 1 } });
    const broker = await world.start({ clock, limits });
    const first = world.acquire({ waitMs: 30_000 });
    for (let n = 0; n < 200 && world.inState('leased').length === 0; n++) await awake(clock, 100);
    const { sessionId } = await first;
    const second = world.acquire({ waitMs: 30_000 });
    await awake(clock, 1000);
    change(clock);
    await awake(clock, 1000);
    await broker.release(sessionId, 'claude', 'done');
    for (let n = 0; n < 400 && world.inState('leased').length === 0; n++) await awake(clock, 100);
    expect((await second).status).toBe('active');
  });
});

test('a quarantined machine goes after its time awake, and a kept one after its hour, whatever the wall clock says', async () => {
  const clock = new UnevenClock();
  world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 4 } });
  const broker = await world.start({ clock, limits: { ...limits, quarantinedMs: 600_000 } });
  const lose = async (): Promise<string> => {
    const acquired = world.acquire({ waitMs: 30_000 });
    for (let n = 0; n < 200 && world.inState('leased').length === 0; n++) await awake(clock, 100);
    const { sessionId, machineId } = await acquired;
    broker.fail(sessionId, 'as told');
    return machineId ?? '';
  };
  const kept = await lose();
  broker.machines.keep(kept);
  const other = await lose();
  const here = () => world.inState('quarantined').map((row) => row.machineId);
  for (const jump of [years, -2 * years]) {
    clock.jump(jump);
    await awake(clock, 100_000);
    expect(here()).toEqual([kept, other]);
  }
  await awake(clock, 500_000);
  expect(here()).toEqual([kept]);
  const left = Date.parse((await broker.machines.look(kept)).machine.keptUntil ?? '') - clock.now();
  expect([left > 2_700_000, left < 3_000_000]).toEqual([true, true]);
  await awake(clock, 3_000_000);
  await eventually(async () => (await awake(clock, 100), here().length === 0));
});
