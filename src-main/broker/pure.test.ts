import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BackendStatus } from '../sandbox/backend';
import { conditionsOf, stamp, type Facts } from './conditions';
import { FairQueue } from './fairQueue';
import { IdleClock } from './idleClock';

describe('fair queue', () => {
  test('a crowd of one caller delays another by one', () => {
    const queue = new FairQueue<string>();
    for (let n = 0; n < 5; n++) queue.push('busy', `busy-${n}`);
    queue.push('late', 'late-0');
    expect(queue.place('late', 'late-0')).toBe(2);
    expect([queue.take(), queue.take(), queue.take()]).toEqual(['busy-0', 'late-0', 'busy-1']);
    queue.unshift('late', 'late-0');
    expect(queue.place('late', 'late-0')).toBe(1);
  });

  test('place is the truth: it counts the takes until one is served', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        fc.nat(5),
        (callers, pick, takes) => {
          const queue = new FairQueue<string>();
          callers.forEach((caller, index) => queue.push(caller, `${caller}${index}`));
          for (let n = 0; n < takes; n++) queue.take();
          const items = queue.items();
          const chosen = items[pick % Math.max(1, items.length)];
          if (chosen === undefined) return;
          const place = queue.place(chosen.charAt(0), chosen);
          let count = 1;
          while (queue.take() !== chosen) count += 1;
          expect(count).toBe(place);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('removal leaves the others in order', () => {
    const queue = new FairQueue<string>();
    queue.push('a', '1');
    queue.push('a', '2');
    expect(queue.remove('a', '1')).toBe(true);
    expect(queue.remove('a', '1')).toBe(false);
    expect(queue.place('a', '1')).toBe(0);
    expect([queue.size, queue.countOf('a'), queue.take(), queue.take()]).toEqual([1, 1, '2', undefined]);
  });
});

describe('idle clock', () => {
  test('counts idleness, forgets it at a touch', () => {
    const clock = new IdleClock(0, 10_000);
    clock.touch('s', 0);
    for (let now = 1000; now <= 60_000; now += 1000) clock.tick(now);
    expect(clock.idleMs('s', 60_000)).toBe(60_000);
    clock.touch('s', 60_000);
    expect(clock.idleMs('s', 61_000)).toBe(1000);
  });

  test('a sleeping computer makes nobody idle, and asked before the first tick it says so too', () => {
    const clock = new IdleClock(0, 10_000);
    clock.touch('s', 0);
    clock.tick(1000);
    const woke = 8 * 3_600_000;
    expect(clock.idleMs('s', woke)).toBeLessThanOrEqual(1000);
    expect(clock.tick(woke)).toBeGreaterThan(0);
    expect(clock.idleMs('s', woke)).toBe(1000);
    clock.tick(woke + 5000);
    expect(clock.idleMs('s', woke + 5000)).toBe(6000);
  });
});

describe('conditions', () => {
  const status: BackendStatus = { reachable: true, version: '1', message: 'Docker 1', isolation: 'container' };
  const facts: Facts = {
    backend: 'docker',
    supported: true,
    status,
    image: 'desktop',
    tag: 'desktop:1',
    imageBuilding: false,
    preparing: false,
    isolationRequired: false,
    paused: false,
    minimum: 2,
    maximum: 4,
    counts: { creating: 0, starting: 0, ready: 2, leased: 0, resetting: 0, quarantined: 0 },
    existing: 2,
    failure: null,
    shortage: null,
    outlook: null,
  };
  const none = { ...facts.counts, ready: 0 };
  const reasons = (change: Partial<Facts>): string[] =>
    conditionsOf({ ...facts, ...change }).map((one) => `${one.type} ${one.status} ${one.reason}`);

  test.each<[string, Partial<Facts>, string[]]>([
    ['healthy', {}, ['Ready True Healthy', 'Warm True Healthy', 'Backend True Healthy', 'Image True Healthy']],
    ['paused', { paused: true }, ['Ready False Paused']],
    ['no such backend', { supported: false, status: null }, ['Ready False BackendUnsupported']],
    ['backend away, machines or not', { status: { ...status, reachable: false } }, ['Ready False BackendUnreachable']],
    [
      'no image, none ready, none on its way',
      { tag: null, counts: none },
      ['Ready False ImageMissing', 'Warm False ImageMissing'],
    ],
    [
      'backend away, none ready',
      { status: { ...status, reachable: false }, counts: none },
      ['Ready False BackendUnreachable', 'Warm False BackendUnreachable'],
    ],
    [
      'no image, but some ready',
      { tag: null },
      ['Ready True Healthy', 'Warm True Healthy', 'Backend True Healthy', 'Image False ImageMissing'],
    ],
    ['image being built', { tag: null, imageBuilding: true, counts: none }, ['Ready False ImageBuilding']],
    [
      'emulated, isolation required',
      { isolationRequired: true, status: { ...status, isolation: 'emulated' } },
      ['Ready False IsolationUnavailable'],
    ],
    ['container, isolation required', { isolationRequired: true }, ['Ready True Healthy']],
    [
      'creating',
      { counts: { ...none, creating: 1 }, existing: 1 },
      ['Ready False Replenishing', 'Warm False Replenishing'],
    ],
    [
      'all in use',
      { counts: { ...none, leased: 4 }, existing: 4 },
      ['Ready False AtCapacity', 'Warm False AtCapacity'],
    ],
    [
      'creates fail',
      {
        counts: none,
        failure: { reason: 'CreateFailed', message: 'no space.', retryInMs: 4000, count: 1, open: false },
      },
      ['Ready False CreateFailed', 'Warm False CreateFailed'],
    ],
    [
      'creates fail for want of an image, again and again',
      { counts: none, failure: { reason: 'ImageMissing', message: 'gone.', retryInMs: 4000, count: 5, open: true } },
      ['Ready False ImageMissing', 'Warm False ImageMissing', 'Backend True Healthy', 'Image True Healthy'],
    ],
    ['no place on this computer', { counts: none, existing: 0, shortage: 'full' }, ['Ready False HostAtCapacity']],
    [
      'no place for the whole minimum',
      { counts: { ...none, ready: 1 }, shortage: 'full' },
      ['Ready True Healthy', 'Warm False HostAtCapacity'],
    ],
    [
      'one failed, replaced',
      { counts: { ...facts.counts, quarantined: 1 } },
      ['Ready True Healthy', 'Warm True MachineQuarantined'],
    ],
    ['made on demand', { minimum: 0, counts: none, existing: 0 }, ['Ready True Healthy']],
  ])('%s', (_name, change, expected) => {
    expect(reasons(change).slice(0, expected.length)).toEqual(expected);
  });

  test('what a backend says is a sentence among ours, however it ends', () => {
    const failure = { reason: 'CreateFailed', retryInMs: 4000, count: 1, open: false } as const;
    const words = (message: string) =>
      conditionsOf({ ...facts, counts: none, failure: { ...failure, message } })[0]?.message;
    expect(words('exec: not found: unknown')).toBe(words('exec: not found: unknown.'));
    expect(words('no space')).toBe('Making a machine failed: no space. Trying again in 4 s.');
  });

  test('since stays while nothing changes, though the words may', () => {
    const first = stamp(conditionsOf(facts), [], 't1');
    const second = stamp(conditionsOf({ ...facts, counts: { ...facts.counts, ready: 3 } }), first, 't2');
    expect(second.map((one) => one.since)).toEqual(['t1', 't1', 't1', 't1']);
    const third = stamp(conditionsOf({ ...facts, paused: true }), second, 't3');
    expect(third.map((one) => one.since)).toEqual(['t3', 't3', 't1', 't1']);
  });
});
