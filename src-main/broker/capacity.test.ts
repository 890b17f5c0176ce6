import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CapacityLimits } from '@shared/capacity';
import {
  defaultCapacity,
  divide,
  fits,
  nothing,
  partOf,
  plus,
  type Claim,
  type Division,
  type Taken,
} from './capacity';
import { shortageOf } from './capacityWords';

const gib = 1024;
const cost: Taken = { machines: 1, memoryMiB: gib, cpus: 1 };
const of = (count: number, one = cost): Taken => plus(nothing, one, count);
interface Pool {
  held?: number;
  warm?: number;
  coming?: number;
  failed?: number;
  leaving?: number;
  own?: number;
  waiting?: number;
  minimum?: number;
  ahead?: number;
  maximum?: number;
  mayCreate?: boolean;
  cost?: Taken;
}
const claim = (poolId: string, pool: Pool): Claim => {
  const one = pool.cost ?? cost;
  return {
    ...{ poolId, cost: one, held: of(pool.held ?? 0, one), ready: pool.warm ?? 0 },
    warm: of((pool.warm ?? 0) + (pool.coming ?? 0), one),
    ...{ failed: of(pool.failed ?? 0, one), leaving: of(pool.leaving ?? 0, one) },
    ...{ own: pool.own ?? 0, waiting: pool.waiting ?? 0, minimum: pool.minimum ?? 0, ahead: pool.ahead ?? 0 },
    ...{ maximum: pool.maximum ?? 200, mayCreate: pool.mayCreate ?? true },
  };
};
const machines = (most: number): CapacityLimits => ({ machines: most, memoryMiB: null, cpus: null });
const claims = (...pools: Pool[]): Claim[] => pools.map((pool, index) => claim('abcdefgh'.charAt(index), pool));
const short = ({ pools }: Division): string =>
  [...pools.values()].map(({ share, room, give }) => `${share}/${room}${give > 0 ? `-${give}` : ''}`).join(' ');

describe('dividing this computer', () => {
  test.each<[string, number, Pool[], string]>([
    ['everybody has what they want', 10, [{ minimum: 3 }, { minimum: 4 }], '3/3 4/4'],
    ['equal parts when both want more', 6, [{ minimum: 8 }, { minimum: 5 }], '3/3 3/3'],
    ['what one does not want is the other’s', 6, [{ minimum: 8 }, { minimum: 1 }], '5/5 1/1'],
    ['what is in use counts for its pool', 6, [{ held: 4, minimum: 2 }, { minimum: 2 }], '4/0 2/2'],
    ['nobody loses what is in use', 4, [{ held: 4 }, { minimum: 2 }], '4/0 0/0'],
    ['callers decide between equals', 3, [{ minimum: 2 }, { waiting: 2 }], '1/1 2/2'],
    ['warm machines are given up for callers', 4, [{ warm: 4, minimum: 4 }, { waiting: 1 }], '3/0-1 1/0'],
    ['one at a time', 4, [{ warm: 4, minimum: 4 }, { waiting: 2 }], '2/0-1 2/0'],
    ['not more than what is leaving gives', 4, [{ warm: 3, leaving: 1, minimum: 4 }, { waiting: 1 }], '3/0 1/0'],
    ['and not for another’s wish to have some warm', 4, [{ warm: 4, minimum: 4 }, { minimum: 2 }], '2/0 2/0'],
    ['nor are those that are on their way', 4, [{ coming: 4, minimum: 4 }, { waiting: 1 }], '3/0 1/0'],
    ['failed ones go first', 4, [{ warm: 3, failed: 1, minimum: 3 }, { waiting: 1 }], '3/0-1 1/0'],
    ['also for warm ones', 4, [{ warm: 3, failed: 1, minimum: 3 }, { minimum: 1 }], '3/0-1 1/0'],
    ['what is leaving takes its place', 4, [{ leaving: 3 }, { minimum: 4 }], '0/0 4/1'],
    [
      'who may not make any keeps what it has',
      4,
      [{ warm: 1, minimum: 4, mayCreate: false }, { minimum: 4 }],
      '1/0 3/3',
    ],
    ['ahead of demand is what is left', 5, [{ minimum: 1, ahead: 9 }, { minimum: 2 }], '3/3 2/2'],
    [
      'lowered limits: as many as it takes',
      2,
      [
        { held: 1, warm: 3, minimum: 3 },
        { warm: 1, minimum: 1 },
      ],
      '1/0-3 1/0',
    ],
    ['and leased ones stay', 1, [{ held: 3, warm: 1, minimum: 1 }], '3/0-1'],
    ['one for a session alone: a warm one makes room', 2, [{ own: 1, warm: 2, minimum: 2 }], '2/0-1'],
    ['and its place is its own', 2, [{ own: 1, warm: 1, leaving: 1, minimum: 2 }], '2/0'],
    ['until it is free', 2, [{ own: 1, warm: 1, minimum: 2 }], '2/1'],
    ['a pool’s own maximum holds', 9, [{ minimum: 2, waiting: 5, maximum: 3, held: 1 }], '3/2'],
  ])('%s', (_name, limit, pools, expected) => {
    expect(short(divide(machines(limit), claims(...pools)))).toBe(expected);
  });

  test('large machines count for more', () => {
    const large = { machines: 1, memoryMiB: 4 * gib, cpus: 1 };
    const limits = { machines: null, memoryMiB: 12 * gib, cpus: null };
    expect(short(divide(limits, claims({ minimum: 9, cost: large }, { minimum: 9 })))).toBe('2/2 4/4');
    expect(short(divide(limits, claims({ waiting: 1, held: 0, cost: large }, { warm: 12, minimum: 12 })))).toBe(
      '1/0 8/0-1',
    );
  });

  test('a caller’s large machine keeps its place while room is made for it', () => {
    const large = { machines: 1, memoryMiB: 4 * gib, cpus: 1 };
    const limits = { machines: null, memoryMiB: 8 * gib, cpus: null };
    const pools = claims({ waiting: 1, cost: large }, { warm: 2, leaving: 4, minimum: 4 });
    expect(short(divide(limits, pools))).toBe('1/0 4/0');
  });

  test('a machine larger than the limit never comes, and stands in nobody’s way', () => {
    const huge = { machines: 1, memoryMiB: 64 * gib, cpus: 1 };
    const limits = { machines: null, memoryMiB: 8 * gib, cpus: null };
    const pools = claims({ waiting: 3, cost: huge }, { warm: 2, minimum: 4 });
    expect(short(divide(limits, pools))).toBe('0/0 4/2');
    const [first] = pools;
    expect(first && shortageOf(limits, first, pools, (id) => id).message).toMatch(/sized 64 GiB of memory.+8 GiB/);
  });

  test('words say who has what', () => {
    const pools = claims({ held: 2, waiting: 1 }, { held: 3, warm: 1, minimum: 1 }, { warm: 1, minimum: 1 });
    const [first] = pools;
    const words = first && shortageOf(machines(7), first, pools, (id) => `Pool ${id}`).message;
    expect(words).toBe(
      'All pools together may not take more than this computer’s limit of 7 machines: “Pool b” has 4 machines, this pool has 2 machines, “Pool c” has 1 machine. End sessions, lower a pool’s minimum, or raise the limit (Pools, “Limits…”).',
    );
    const many = claims({ held: 1, waiting: 1 }, { held: 2 }, { held: 3 }, { held: 4 }, { held: 5 });
    const [small] = many;
    expect(small && shortageOf(machines(15), small, many, (id) => `Pool ${id}`).message).toMatch(
      /: “Pool e” has 5 machines, “Pool d” has 4 machines, this pool has 1 machine, others have 5 machines\./,
    );
  });

  test('by default a hundred machines, sized twice the memory that there is', () => {
    expect(defaultCapacity({ memoryMiB: 16_000 })).toEqual({ machines: 100, memoryMiB: 32_000, cpus: null });
  });
});

const size = fc.record({ memoryMiB: fc.constantFrom(512, 1024, 2048, 4096), cpus: fc.constantFrom(0.25, 1, 2, 4) });
const count = fc.nat(6);
const anyClaims = (sizes: fc.Arbitrary<{ memoryMiB: number; cpus: number }>): fc.Arbitrary<Claim[]> =>
  fc
    .array(
      fc.record({
        own: fc.nat(2),
        ...{ held: count, warm: count, coming: count, failed: fc.nat(2), leaving: fc.nat(2), waiting: count },
        ...{ minimum: count, ahead: fc.nat(3), maximum: fc.integer({ min: 6, max: 20 }), mayCreate: fc.boolean() },
        cost: sizes.map((one) => ({ machines: 1, ...one })),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((pools) => claims(...pools));
const anyLimits = fc.record({
  machines: fc.option(fc.integer({ min: 1, max: 60 })),
  memoryMiB: fc.option(fc.integer({ min: 1024, max: 65_536 })),
  cpus: fc.option(fc.integer({ min: 1, max: 60 })),
});
const everything = ({ held, warm, failed, leaving }: Claim): Taken =>
  [held, warm, failed, leaving].reduce((a, b) => plus(a, b));
const total = (all: readonly Taken[]): Taken => all.reduce((a, b) => plus(a, b), nothing);
const wish = (one: Claim): number => {
  const want = Math.max(0, Math.min(one.maximum - one.held.machines, one.own + one.waiting + one.minimum));
  return one.mayCreate ? want : Math.min(want, one.warm.machines);
};
const runs = { numRuns: 1000 };

describe('for any pools and limits', () => {
  const both = (check: (limits: CapacityLimits, all: Claim[], division: Division) => void): void =>
    fc.assert(
      fc.property(anyLimits, anyClaims(size), (limits, all) => check(limits, all, divide(limits, all))),
      runs,
    );
  const shareOf = (division: Division, one: Claim): number =>
    (division.pools.get(one.poolId)?.share ?? 0) - one.held.machines;
  const shares = (all: Claim[], division: Division): Taken =>
    total(all.map((one) => plus(one.held, one.cost, shareOf(division, one))));

  test('nothing is made beyond the limits, what is leaving counted', () =>
    both((limits, all, division) => {
      const made = total(all.map((one) => plus(nothing, one.cost, division.pools.get(one.poolId)?.room ?? 0)));
      if (made.machines > 0) expect(fits(limits, plus(total(all.map(everything)), made))).toBe(true);
      const granted = all.some((one) => shareOf(division, one) > 0);
      if (granted) expect(fits(limits, shares(all, division))).toBe(true);
    }));

  test('nothing is left while somebody wants it', () =>
    both((limits, all, division) => {
      for (const one of all)
        if (shareOf(division, one) < wish(one)) expect(fits(limits, plus(shares(all, division), one.cost))).toBe(false);
    }));

  test('nobody gets more than they want, or their maximum', () =>
    both((_limits, all, division) => {
      for (const one of all) {
        expect(shareOf(division, one)).toBeLessThanOrEqual(wish(one) + one.ahead);
        expect(shareOf(division, one)).toBeLessThanOrEqual(Math.max(0, one.maximum - one.held.machines));
      }
    }));

  test('only those who can give up are asked to, and never what they need for their own callers', () =>
    both((_limits, all, division) => {
      for (const one of all) {
        const give = division.pools.get(one.poolId)?.give ?? 0;
        expect(give).toBeLessThanOrEqual(one.failed.machines + Math.max(0, one.ready - one.waiting));
      }
    }));

  test('within the limits nobody gives up more than one in a pass, and nobody below their share', () =>
    both((limits, all, division) => {
      if (!fits(limits, total(all.map(({ held, warm, failed }) => total([held, warm, failed]))))) return;
      const gives = all.map((one) => division.pools.get(one.poolId)?.give ?? 0);
      expect(gives.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(1);
      all.forEach((one, index) => {
        // Of its share, what is wanted for one session alone is no warm machine: one makes room for it.
        if ((gives[index] ?? 0) > 0 && one.failed.machines === 0)
          expect(one.warm.machines + one.own).toBeGreaterThan(shareOf(division, one));
      });
    }));

  test('machines of one size: nobody has two more than somebody who lacks one', () =>
    fc.assert(
      fc.property(anyLimits, anyClaims(fc.constant({ memoryMiB: 1024, cpus: 1 })), (limits, all) => {
        const division = divide(limits, all);
        for (const poor of all) {
          if (shareOf(division, poor) >= wish(poor)) continue;
          const has = poor.held.machines + shareOf(division, poor);
          for (const rich of all) {
            if (shareOf(division, rich) === 0) continue;
            expect(rich.held.machines + shareOf(division, rich)).toBeLessThanOrEqual(has + 1);
          }
        }
      }),
      runs,
    ));

  test('the same picture gives the same answer, and names don’t matter', () =>
    both((limits, all, division) => {
      expect(short(divide(limits, all))).toBe(short(division));
      const renamed = all.map((one, index) => ({ ...one, poolId: `p${index}` }));
      expect(short(divide(limits, renamed))).toBe(short(division));
    }));

  test('more of everything makes nobody’s part smaller than its equal share', () =>
    both((limits, all, division) => {
      for (const one of all) {
        if (shareOf(division, one) >= wish(one) || all.some(({ held }) => held.machines > 0)) continue;
        const next = partOf(limits, plus(one.held, one.cost, shareOf(division, one) + 1));
        const largest = Math.max(...all.map(({ cost: each }) => partOf(limits, each)));
        expect(next + largest * all.length).toBeGreaterThanOrEqual(1 / all.length - 1e-9);
      }
    }));
});
