import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../base/clock';
import { silentLogger } from '../base/logger';
import type { ScreenHub, ScreenHubs } from '../screen/types';
import { watchHubs } from './watchedHubs';

const target = { machineId: 'm_1', path: '/nowhere', secret: 's' };
let clock: FakeClock;
let epoch: number;
let live: boolean;
let frozen: boolean;
let failures: string[];
let opened: { epochs: number[]; lose(reason: string): void }[];
let openWith: (() => Promise<void>) | null;

const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

const make = () => {
  let current: ScreenHub | undefined;
  const hubs = {
    async open(_id: string, _target: unknown, at: number) {
      const epochs = [at];
      await openWith?.();
      const lost = new Set<(reason: string) => void>();
      current = {
        setEpoch: async (next: number) => void epochs.push(next),
        onLost(listener: (reason: string) => void) {
          lost.add(listener);
          return () => lost.delete(listener);
        },
      } as Partial<ScreenHub> as ScreenHub;
      opened.push({
        epochs,
        lose(reason) {
          current = undefined;
          for (const listener of lost) listener(reason);
        },
      });
      return current;
    },
    get: () => current,
    close: () => void (current = undefined),
    closeAll: async () => undefined,
  } as Partial<ScreenHubs> as ScreenHubs;
  const watch = {
    epoch: () => epoch,
    isLive: () => live,
    isFrozen: () => frozen,
    target: async () => target,
    failed: (_: string, reason: string) => void failures.push(reason),
  };
  return watchHubs(hubs, watch, clock, silentLogger);
};

beforeEach(() => {
  clock = new FakeClock();
  [epoch, live, frozen, failures, opened, openWith] = [1, true, false, [], [], null];
});

it('opens once for all who ask, and never below the epoch that holds by then', async () => {
  const screens = make();
  openWith = async () => void (epoch = 5);
  const all = await Promise.all([
    screens.hubs.open('s', target, 1),
    screens.hubs.open('s', target, 1),
    screens.current('s'),
  ]);
  expect(new Set(all).size).toBe(1);
  expect(opened).toHaveLength(1);
  expect(opened[0]!.epochs).toEqual([1, 5]);
});

it('gives no screen to a session that ended meanwhile', async () => {
  const screens = make();
  openWith = async () => void (live = false);
  await expect(screens.hubs.open('s', target, 1)).rejects.toMatchObject({ code: 'session_gone' });
  expect(screens.hubs.get('s')).toBeUndefined();
});

it('opens a lost screen again, once', async () => {
  const screens = make();
  await screens.hubs.open('s', target, 1);
  opened[0]!.lose('reset by peer');
  clock.advance(200);
  await settle();
  expect(opened).toHaveLength(2);
  expect(failures).toEqual([]);
  opened[1]!.lose('reset by peer');
  expect(failures).toEqual(['The screen was lost again: reset by peer']);
});

it('forgives after a while', async () => {
  const screens = make();
  await screens.hubs.open('s', target, 1);
  opened[0]!.lose('a');
  clock.advance(200);
  await settle();
  clock.advance(60_000);
  opened[1]!.lose('b');
  clock.advance(200);
  await settle();
  expect([opened.length, failures]).toEqual([3, []]);
});

it('gives the session up when it can’t be opened, but lets the backend speak first', async () => {
  const screens = make();
  await screens.hubs.open('s', target, 1);
  openWith = async () => {
    throw new Error('connection refused');
  };
  opened[0]!.lose('end of stream');
  clock.advance(200);
  await settle();
  expect(failures).toEqual([]);
  clock.advance(1_500);
  await settle();
  expect(failures).toEqual(['The screen was lost: connection refused']);
});

it('says nothing of a session that ended', async () => {
  const screens = make();
  await screens.hubs.open('s', target, 1);
  openWith = async () => {
    throw new Error('connection refused');
  };
  opened[0]!.lose('end of stream');
  clock.advance(200);
  await settle();
  live = false;
  clock.advance(1_500);
  await settle();
  expect(failures).toEqual([]);
});

it('opens nobody’s screen while a machine goes back, and opens it where the machine is then', async () => {
  const screens = make();
  const first = await screens.hubs.open('s', target, 1);
  let done: () => void = () => {};
  const going = screens.renew('s', () => new Promise<void>((resolve) => (done = resolve)));
  expect(screens.hubs.get('s')).toBeUndefined();
  expect(screens.current('s')).toBeUndefined();
  opened[0]?.lose('its old process ended');
  const waiting = screens.hubs.open('s', target, 1);
  await settle();
  expect(opened).toHaveLength(1);
  done();
  await going;
  expect(await waiting).not.toBe(first);
  expect([opened.length, failures]).toEqual([2, []]);
});

it('does not wait for the screen of a stopped machine', async () => {
  const screens = make();
  frozen = true;
  await expect(screens.hubs.open('s', target, 1)).rejects.toMatchObject({ code: 'control_paused' });
  expect(opened).toHaveLength(0);
});
