import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CapacityLimits } from '@shared/capacity';
import type { MachineState } from '@shared/pool';
import { divide, fits, plus, takenBy, type Division } from './capacity';
import { claimOf, type Standing } from './claims';
import { plan, type MachineView } from './plan';

/**
 * Several pools by their plans and the division of one computer, through random demand, failures, changes of their
 * settings and of the limits. After every pass: never beyond the limits by anything made, never a leased machine ended.
 * Left alone, all comes to rest, nobody's callers wait for what another pool keeps beyond its share, and nothing is
 * left that somebody wants.
 */
const keep = { quarantined: 1, quarantinedMs: 100 };
const sizes = [
  { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 },
  { cpus: 2, memoryMiB: 2048, width: 1280, height: 800 },
  { cpus: 0.5, memoryMiB: 4096, width: 1280, height: 800 },
];
type Size = (typeof sizes)[number];
interface Machine extends Standing {
  machineId: string;
  state: MachineState;
  size: Size;
  since: number;
}
interface Pool {
  poolId: string;
  size: Size;
  warm: { minimum: number; maximum: number };
  paused: boolean;
  waiting: number;
  own: number;
  ahead: number;
  mayCreate: boolean;
  machines: Machine[];
}
const kinds = {
  ...{ arrive: [6, 1, 4], leave: [2, 1, 4], end: [5, 1, 3], work: [8, 0, 5], own: [2, 0, 2] },
  ...{ fail: [1, 0, 1], ahead: [1, 0, 3], able: [1, 0, 1], pause: [1, 0, 1], size: [1, 0, 2], minimum: [1, 0, 5] },
  limit: [1, 1, 12],
} satisfies Record<string, [weight: number, min: number, max: number]>;
interface Event {
  kind: keyof typeof kinds;
  pool: number;
  count: number;
}
const event: fc.Arbitrary<Event> = fc.oneof(
  ...Object.entries(kinds).map(([kind, [weight, min, max]]) => ({
    weight,
    arbitrary: fc.record({
      kind: fc.constant(kind as Event['kind']),
      pool: fc.nat(2),
      count: fc.integer({ min, max }),
    }),
  })),
);

class Computer {
  limits: CapacityLimits;
  readonly pools: Pool[];
  private now = 0;
  private ids = 0;
  actions = 0;

  constructor(minimums: readonly number[], limit: number) {
    this.limits = { machines: limit, memoryMiB: limit * 2048, cpus: null };
    this.pools = minimums.map((minimum, index) => ({
      ...{ poolId: `p${index}`, size: sizes[0] as Size, warm: { minimum, maximum: 8 } },
      ...{ paused: false, waiting: 0, own: 0, ahead: 0, mayCreate: true, machines: [] },
    }));
  }
  all(): Machine[] {
    return this.pools.flatMap((pool) => pool.machines);
  }
  division(): Division {
    return divide(this.limits, this.claims());
  }
  claims() {
    return this.pools.map((pool) =>
      claimOf({ ...pool, deleting: false, ownSizes: Array<Size>(pool.own).fill(pool.size) }, pool.machines),
    );
  }
  happen({ kind, pool: index, count }: Event): void {
    const pool = this.pools[index % this.pools.length];
    if (!pool) return;
    const some = (...states: MachineState[]): Machine[] =>
      pool.machines.filter(({ state }) => states.includes(state)).slice(0, count);
    if (kind === 'arrive') pool.waiting += count;
    else if (kind === 'own') pool.own = count;
    else if (kind === 'leave') pool.waiting = Math.max(0, pool.waiting - count);
    else if (kind === 'end') some('leased').forEach((one) => this.move(one, 'resetting'));
    else if (kind === 'work') some('creating', 'resetting', 'destroying').forEach((one) => this.work(pool, one));
    else if (kind === 'fail') some('creating', 'ready').forEach((one) => this.move(one, 'quarantined'));
    else if (kind === 'ahead') pool.ahead = count;
    else if (kind === 'able') pool.mayCreate = count === 0;
    else if (kind === 'pause') pool.paused = count === 1;
    else if (kind === 'size') pool.size = sizes[count] ?? pool.size;
    else if (kind === 'minimum') pool.warm = { minimum: count, maximum: 8 };
    else this.limits = { machines: count, memoryMiB: count * 2048, cpus: null };
    this.now += 1;
  }
  private move(machine: Machine, state: MachineState): void {
    machine.state = state;
    machine.since = this.now;
  }
  private work(pool: Pool, machine: Machine): void {
    if (machine.state === 'creating') this.move(machine, machine.forSession === null ? 'ready' : 'leased');
    else pool.machines = pool.machines.filter((one) => one !== machine);
  }
  /** Callers get what is ready, then every pool's plan is carried out; returns how much was done. */
  pass(): number {
    const before = this.actions;
    const division = this.division();
    for (const pool of this.pools) {
      const { room = 0, spare = false, give = 0 } = division.pools.get(pool.poolId) ?? {};
      const leased = new Set(pool.machines.filter(({ state }) => state === 'leased').map(({ machineId }) => machineId));
      const views: MachineView[] = pool.machines.map((one) => ({
        ...{ machineId: one.machineId, state: one.state, ageMs: this.now - one.since },
        fresh: one.size === pool.size,
        taken: one.forSession !== null && one.state === 'creating',
      }));
      const { minimum } = pool.warm;
      const maximum = Math.max(0, pool.warm.maximum - pool.own);
      const wish = { minimum, maximum, waiting: pool.waiting, ahead: pool.ahead, paused: pool.paused, deleting: false };
      let left = room;
      const make = (forSession: string | null): void => {
        this.ids += 1;
        const fresh = { machineId: `m${this.ids}`, state: 'creating' as const, size: pool.size, since: this.now };
        pool.machines.push({ ...fresh, forSession, kept: false });
        left -= 1;
        expect(fits(this.limits, takenBy(this.all())), 'made beyond the limits').toBe(true);
        expect(pool.machines.length, 'made beyond the maximum').toBeLessThanOrEqual(pool.warm.maximum);
      };
      const shared = Math.max(0, room - pool.own);
      for (const action of plan(
        wish,
        { machines: views, mayCreate: pool.mayCreate, slots: 3, room: shared, spare, give },
        keep,
      )) {
        this.actions += 1;
        if (action.kind === 'create') {
          make(null);
        } else {
          expect(leased.has(action.machineId), 'a leased machine was ended').toBe(false);
          const machine = pool.machines.find(({ machineId }) => machineId === action.machineId);
          if (machine) this.move(machine, 'destroying');
        }
      }
      while (pool.own > 0 && left > 0 && pool.machines.length < pool.warm.maximum) {
        this.actions += 1;
        pool.own -= 1;
        make('session');
      }
    }
    for (const pool of this.pools) {
      if (pool.paused) continue;
      for (const machine of pool.machines) {
        if (pool.waiting === 0 || machine.state !== 'ready' || machine.forSession !== null) continue;
        this.move(machine, 'leased');
        pool.waiting -= 1;
      }
    }
    return this.actions - before;
  }
  /** All work ends, and passes go on, until nothing is done any more. */
  settle(): void {
    for (let n = 0; n < 200; n++) {
      for (const pool of this.pools)
        for (const machine of [...pool.machines])
          if (['creating', 'resetting', 'destroying'].includes(machine.state)) this.work(pool, machine);
      const busy = this.all().some(({ state }) => ['creating', 'resetting', 'destroying'].includes(state));
      if (this.pass() === 0 && !busy && this.pass() === 0) return;
    }
    throw new Error('It never came to rest.');
  }
  check(): void {
    const division = this.division();
    const claims = this.claims();
    const total = takenBy(this.all());
    for (const claim of claims) {
      const { share = 0, give = 0, room = 0 } = division.pools.get(claim.poolId) ?? {};
      const has = claim.held.machines + claim.warm.machines;
      expect([give, room], 'there is nothing left to do').toEqual([0, 0]);
      const callers = (claim.own > 0 || claim.waiting > claim.warm.machines) && claim.mayCreate;
      if (callers && has < claim.maximum && claim.failed.machines === 0) {
        expect(has, 'callers wait below their share').toBeGreaterThanOrEqual(share);
        expect(fits(this.limits, plus(total, claim.cost)), 'callers wait beside free places').toBe(false);
      }
    }
  }
}

test('pools that share one computer keep to its limits, come to rest, and starve nobody’s callers', () => {
  let waited = 0;
  const seed = Number(process.env['POOLS_SEED'] ?? Date.now() % 2 ** 31);
  console.info(`seed ${seed}`);
  fc.assert(
    fc.property(
      fc.array(fc.nat(4), { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 2, max: 12 }),
      fc.array(event, { maxLength: 60 }),
      (minimums, limit, events) => {
        const computer = new Computer(minimums, limit);
        for (const one of events) {
          computer.happen(one);
          computer.pass();
        }
        computer.settle();
        computer.check();
        waited += computer.pools.some((pool) => pool.waiting > 0) ? 1 : 0;
      },
    ),
    { numRuns: 1000, seed },
  );
  // Otherwise it would not have been about scarcity.
  expect(waited).toBeGreaterThan(100);
});

test('demand that goes on as it is moves no machine between pools', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(6), { minLength: 2, maxLength: 3 }),
      fc.integer({ min: 2, max: 10 }),
      (minimums, limit) => {
        const computer = new Computer(minimums, limit);
        computer.settle();
        const before = computer.actions;
        // Callers come to one pool and leave again at once.
        for (let n = 0; n < 20; n++) {
          computer.happen({ kind: 'arrive', pool: n, count: 1 });
          computer.happen({ kind: 'leave', pool: n, count: 1 });
          computer.pass();
        }
        expect(computer.actions).toBe(before);
      },
    ),
    { numRuns: 300 },
  );
});
