import fc from 'fast-check';
import type { PoolPatch } from '@shared/pool';

/**
 * What can happen, as plain data, so that a run can be written down and told again. Numbers that choose among what is
 * there are taken modulo how many there are; an operation that finds nothing to act on does nothing.
 */
export type Op =
  | { op: 'pool.create' | 'pool.update'; slot: number; patch: number }
  | { op: 'pool.delete'; slot: number; force: boolean }
  | { op: 'acquire'; key: number; slot: number; name: number; home: number | null; waitMs: number; spent: boolean }
  | { op: 'cancel' | 'release' | 'fail' | 'freeze' | 'thaw' | 'suspend'; key: number }
  | { op: 'call'; key: number; wake: boolean }
  | { op: 'control'; key: number; take: boolean }
  | { op: 'home.remove'; home: number }
  | { op: 'machine'; which: number; does: MachineFault }
  | { op: 'engine'; fault: EngineFault }
  | { op: 'limits'; limits: number }
  | { op: 'time'; how: TimeStep; n: number }
  | { op: 'die'; points: number }
  | { op: 'restart'; clean: boolean };

export const machineFaults = ['dies', 'hangs', 'goesOn', 'vanishes', 'destroyed', 'stray'] as const;
export type MachineFault = (typeof machineFaults)[number];
export const engineFaults = [
  'away',
  'back',
  'createFails',
  'destroyFails',
  'silentGuests',
  'lyingGuests',
  'well',
] as const;
export type EngineFault = (typeof engineFaults)[number];
export const timeSteps = ['seconds', 'minutes', 'hours', 'sleep', 'wallForward', 'wallBack'] as const;
export type TimeStep = (typeof timeSteps)[number];

/** Patches for a pool; those that this version does not support are refused, and that is all. */
export const poolPatches: readonly PoolPatch[] = [
  { warm: { minimum: 1, maximum: 3 } },
  { warm: { minimum: 2, maximum: 4 } },
  { warm: { minimum: 0, maximum: 2 } },
  { warm: { minimum: 0, maximum: 1 } },
  { paused: true },
  { paused: false },
  { idle: { policy: 'release', afterSeconds: 60 } },
  { idle: { policy: 'release', afterSeconds: 3600 } },
  { idle: { policy: 'suspend', afterSeconds: 60 } },
  { idle: { policy: 'suspend', afterSeconds: 60 }, warm: { minimum: 1, maximum: 3 } },
  { home: { policy: 'keep', quotaMiB: 64, expiresAfterDays: 1 } },
  { home: { policy: 'none', quotaMiB: 64, expiresAfterDays: 1 } },
  { size: { cpus: 1, memoryMiB: 512, width: 1024, height: 768 } },
  { size: { cpus: 2, memoryMiB: 1024, width: 1280, height: 800 } },
  { limits: { sessionsPerToken: 2 } },
  { limits: { sessionsPerToken: null } },
];

/** Machines, MiB and processors that the computer gives; the first is plenty. */
export const hostLimits = [
  { machines: null, memoryMiB: null, cpus: null },
  { machines: 5, memoryMiB: null, cpus: null },
  { machines: 3, memoryMiB: null, cpus: null },
  { machines: null, memoryMiB: 4096, cpus: null },
] as const;

/** Callers' places: each has one key at a time, and another once that is spent. */
const places = 3;
const slots = 3;

const key = fc.nat(places - 1);
const slot = fc.oneof({ arbitrary: fc.constant(0), weight: 2 }, { arbitrary: fc.nat(slots - 1), weight: 1 });
const one = <T extends Op>(op: fc.Arbitrary<T>, weight: number) => ({ arbitrary: op as fc.Arbitrary<Op>, weight });
const plain = (op: 'cancel' | 'release' | 'fail' | 'freeze' | 'thaw' | 'suspend') =>
  fc.record({ op: fc.constant(op), key });

const op: fc.Arbitrary<Op> = fc.oneof(
  one(fc.record({ op: fc.constantFrom('pool.create', 'pool.update'), slot, patch: fc.nat(poolPatches.length - 1) }), 6),
  one(fc.record({ op: fc.constant('pool.delete'), slot, force: fc.boolean() }), 1),
  one(
    fc.record({
      op: fc.constant('acquire'),
      key,
      slot,
      name: fc.oneof({ arbitrary: fc.constant(0), weight: 6 }, { arbitrary: fc.constant(1), weight: 1 }),
      home: fc.option(fc.nat(2), { freq: 3 }),
      waitMs: fc.constantFrom(0, 5000, 30_000),
      spent: fc.oneof({ arbitrary: fc.constant(false), weight: 7 }, { arbitrary: fc.constant(true), weight: 1 }),
    }),
    16,
  ),
  one(plain('cancel'), 1),
  one(plain('release'), 4),
  one(plain('fail'), 1),
  one(plain('freeze'), 1),
  one(plain('thaw'), 1),
  one(plain('suspend'), 5),
  one(fc.record({ op: fc.constant('call'), key, wake: fc.oneof(fc.constant(true), fc.boolean()) }), 14),
  one(fc.record({ op: fc.constant('control'), key, take: fc.boolean() }), 2),
  one(fc.record({ op: fc.constant('home.remove'), home: fc.nat(3) }), 1),
  one(fc.record({ op: fc.constant('machine'), which: fc.nat(7), does: fc.constantFrom(...machineFaults) }), 3),
  one(fc.record({ op: fc.constant('engine'), fault: fc.constantFrom(...engineFaults) }), 3),
  one(fc.record({ op: fc.constant('limits'), limits: fc.nat(hostLimits.length - 1) }), 1),
  one(fc.record({ op: fc.constant('time'), how: fc.constantFrom(...timeSteps), n: fc.integer({ min: 1, max: 5 }) }), 9),
  one(fc.record({ op: fc.constant('die'), points: fc.integer({ min: 1, max: 14 }) }), 5),
  one(fc.record({ op: fc.constant('restart'), clean: fc.boolean() }), 2),
);

/** One thing that happens, and how long the world goes on before the next: turns of the event loop, or until all is quiet. */
export interface Step {
  op: Op;
  turns: number | null;
}
/** A life: what the first pool is, what its engine does with warm machines, and what happens. */
export interface Story {
  first: number;
  parks: boolean | 'optional';
  steps: Step[];
}
export const firstPools: readonly PoolPatch[] = [
  {},
  { idle: { policy: 'suspend', afterSeconds: 60 } },
  { home: { policy: 'keep', quotaMiB: 64, expiresAfterDays: 1 } },
  {
    idle: { policy: 'suspend', afterSeconds: 30 },
    home: { policy: 'keep', quotaMiB: 64, expiresAfterDays: 1 },
    warm: { minimum: 1, maximum: 3, freeze: true },
  },
];
export const stories: fc.Arbitrary<Story> = fc.record({
  first: fc.constantFrom(0, 1, 1, 2, 3, 3),
  parks: fc.constantFrom(false, true, 'optional' as const),
  steps: fc.array(fc.record({ op, turns: fc.option(fc.integer({ min: 0, max: 12 }), { freq: 2 }) }), {
    minLength: 4,
    maxLength: 26,
    size: 'max',
  }),
});
