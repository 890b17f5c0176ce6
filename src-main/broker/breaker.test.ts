import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Breaker } from './breaker';

const limits = { backoffMs: 1000, backoffMaxMs: 60_000, breakAfter: 5, breakMs: 120_000, breakMaxMs: 900_000 };
const make = (random = 1) => {
  const breaker = new Breaker(limits, () => random);
  breaker.under('here');
  return breaker;
};
const cause = { code: 'guest_failed', message: 'No space.' } as const;
/** Fails so many times, each as soon as it may; returns the time of the last. */
const failing = (breaker: Breaker, times: number, from = 0): number => {
  let now = from;
  for (let n = 0; n < times; n++) {
    now += breaker.failure(now)?.retryInMs ?? 0;
    breaker.failed(now + 1, now, cause);
    now += 1;
  }
  return now;
};

describe('the breaker', () => {
  test('pauses longer after each failure, and opens after five', () => {
    const breaker = make();
    const pauses = [1, 2, 3, 4].map((count) => {
      const now = failing(breaker, 1, (breaker.failure(0)?.retryInMs ?? 0) + 1);
      const failure = breaker.failure(now);
      expect(failure).toMatchObject({ count, open: false, reason: 'CreateFailed' });
      return failure?.retryInMs;
    });
    expect(pauses).toEqual([1000, 2000, 4000, 8000]);
    const now = failing(breaker, 1, 20_000);
    expect(breaker.failure(now)).toMatchObject({ count: 5, open: true, retryInMs: 120_000 });
    expect(breaker.allows(now + 119_999, 0)).toBe(0);
  });

  test('half-open it allows one at a time, and the first that comes up closes it', () => {
    const breaker = make();
    const now = failing(breaker, 5) + 120_000;
    expect([breaker.allows(now, 0), breaker.allows(now, 1)]).toEqual([1, 0]);
    breaker.succeeded();
    expect([breaker.allows(now, 3), breaker.failure(now)]).toEqual([Infinity, null]);
  });

  test('opens again at once when the one that was tried fails too, for longer', () => {
    const breaker = make();
    const now = failing(breaker, 6);
    expect(breaker.failure(now)).toMatchObject({ open: true, count: 6, retryInMs: 240_000 });
    expect(breaker.failure(failing(breaker, 20, now))?.retryInMs).toBe(900_000);
  });

  test('what was begun together and failed together is one failure', () => {
    const breaker = make();
    for (let n = 0; n < 6; n++) breaker.failed(500 + n, 0, cause);
    expect(breaker.failure(500)).toMatchObject({ count: 1, open: false });
    breaker.failed(3000, 2000, cause);
    expect(breaker.failure(3000)?.count).toBe(2);
  });

  test('a person tries now; a failure opens it again', () => {
    const breaker = make();
    const now = failing(breaker, 5);
    breaker.retry();
    expect([breaker.allows(now, 0), breaker.allows(now, 1)]).toEqual([1, 0]);
    breaker.failed(now + 10, now + 1, cause);
    expect(breaker.failure(now + 10)).toMatchObject({ open: true, count: 6 });
  });

  test('what failed says nothing about another image or backend', () => {
    const breaker = make();
    const now = failing(breaker, 5);
    breaker.under('here');
    expect(breaker.allows(now, 0)).toBe(0);
    breaker.under('elsewhere');
    expect([breaker.allows(now, 0), breaker.failure(now)]).toEqual([Infinity, null]);
  });

  test.each([
    ['image_missing', 'ImageMissing'],
    ['backend_unreachable', 'BackendUnreachable'],
    ['timeout', 'CreateFailed'],
  ] as const)('open, %s is %s', (code, reason) => {
    const breaker = make();
    for (let n = 0; n < 5; n++) breaker.failed(n * 2, n * 2 - 1, { code, message: 'So.' });
    expect(breaker.failure(10)?.reason).toBe(reason);
  });

  test('whatever happens: never closed after five in a row, never a pause out of bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('fail', 'succeed', 'wait', 'retry'), { maxLength: 60 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (events, random) => {
          const breaker = make(random);
          let now = 0;
          let inRow = 0;
          for (const event of events) {
            now += 1;
            if (event === 'wait') now += breaker.failure(now)?.retryInMs ?? 0;
            if (event === 'retry') breaker.retry();
            if (event === 'succeed') {
              breaker.succeeded();
              inRow = 0;
            }
            if (event === 'fail') {
              breaker.failed(now, now - 0.5, cause);
              inRow += 1;
              const failure = breaker.failure(now);
              const longest = inRow >= 5 ? limits.breakMaxMs : limits.backoffMaxMs;
              expect(failure?.retryInMs).toBeGreaterThanOrEqual(inRow >= 5 ? limits.breakMs / 2 : limits.backoffMs / 2);
              expect(failure?.retryInMs).toBeLessThanOrEqual(longest);
            }
            expect(breaker.failure(now)?.open ?? false).toBe(inRow >= 5);
            expect(breaker.allows(now, 1)).toBe(
              inRow >= 5 || (breaker.failure(now)?.retryInMs ?? 0) > 0 ? 0 : Infinity,
            );
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
