import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MachineState } from '@shared/pool';
import { plan, type Desired, type MachineView, type Observed, type PlanAction } from './plan';

const keep = { quarantined: 2, quarantinedMs: 600_000 };
const desired = (change: Partial<Desired> = {}): Desired => ({
  minimum: 2,
  maximum: 4,
  waiting: 0,
  paused: false,
  deleting: false,
  ...change,
});
const machines = (...states: (MachineState | 'stale' | 'branch')[]): MachineView[] =>
  states.map((state, index) => ({
    machineId: `m${index}`,
    state: state === 'stale' || state === 'branch' ? 'ready' : state,
    fresh: state !== 'stale',
    ageMs: 0,
    taken: state === 'branch',
  }));
const look = (...states: (MachineState | 'stale' | 'branch')[]): Observed => ({
  machines: machines(...states),
  mayCreate: true,
  slots: 9,
});
const short = (actions: PlanAction[]): string[] =>
  actions.map((action) => (action.kind === 'create' ? 'create' : `discard ${action.machineId}`));
const planned = (wish: Desired, seen: Observed): string[] => short(plan(wish, seen, keep));

describe('plan', () => {
  test.each<[string, Desired, Observed, string[]]>([
    ['fills to the minimum', desired(), look(), ['create', 'create']],
    ['counts what is on its way', desired(), look('ready', 'creating'), []],
    ['begins no more than there are slots', desired(), { ...look(), slots: 1 }, ['create']],
    ['holds back when it may not create', desired(), { ...look(), mayCreate: false }, []],
    [
      'makes one for everybody who waits',
      desired({ minimum: 0, waiting: 3 }),
      look('leased'),
      ['create', 'create', 'create'],
    ],
    ['stops at the maximum', desired({ waiting: 9 }), look('leased', 'leased', 'resetting'), ['create']],
    ['does nothing while paused', desired({ paused: true }), look(), []],
    ['lets surplus go', desired({ minimum: 1 }), look('ready', 'ready', 'leased'), ['discard m0']],
    ['a failed machine makes room', desired({ maximum: 2 }), look('leased', 'quarantined'), ['discard m1']],
    ['but not when there is room', desired(), look('ready', 'quarantined'), ['create']],
    [
      'keeps the newest failed ones only',
      desired({ minimum: 0 }),
      look('quarantined', 'quarantined', 'quarantined'),
      ['discard m0'],
    ],
    [
      'never touches leased ones above a lowered maximum',
      desired({ minimum: 1, maximum: 1 }),
      look('leased', 'leased', 'ready'),
      ['discard m2'],
    ],
    ['renews with a spare first', desired(), look('stale', 'stale'), ['create']],
    ['waits for the spare', desired(), look('stale', 'stale', 'starting'), []],
    ['then lets one outdated go', desired(), look('stale', 'stale', 'ready'), ['discard m0']],
    ['renews in place where there is no room', desired({ maximum: 2 }), look('stale', 'stale'), ['discard m0']],
    ['also in a pool that is full', desired({ maximum: 2 }), look('leased', 'stale'), ['discard m1']],
    ['and waits for its end', desired({ maximum: 2 }), look('destroying', 'stale'), []],
    ['a branch takes up a place', desired({ maximum: 2 }), look('branch', 'leased'), []],
    ['and is nobody else’s', desired({ minimum: 1 }), look('branch'), ['create']],
    ['nor surplus', desired({ minimum: 0, maximum: 1 }), look('branch', 'leased'), []],
    [
      'one that waits for a place gets a warm one’s',
      desired({ maximum: 2 }),
      look('leased', 'ready', 'ready'),
      ['discard m1'],
    ],
    ['leaves leased ones of an old image alone', desired({ minimum: 0 }), look('leased'), []],
    [
      'empties a deleted pool',
      desired({ deleting: true }),
      look('creating', 'ready', 'leased', 'quarantined'),
      ['discard m0', 'discard m1', 'discard m3'],
    ],
  ])('%s', (_name, wish, seen, expected) => {
    expect(planned(wish, seen)).toEqual(expected);
  });

  test('a failed machine goes after its time', () => {
    const seen = {
      ...look(),
      machines: [{ machineId: 'm0', state: 'quarantined' as const, fresh: true, ageMs: 600_000 }],
    };
    expect(planned(desired({ minimum: 0 }), seen)).toEqual(['discard m0']);
  });
});

/** A pool in which plans are carried out, machines come up, fail, are leased and released, and people change their minds. */
type Step =
  | { kind: 'pass'; slots: number; mayCreate: boolean }
  | { kind: 'progress'; pick: number; fails: boolean }
  | { kind: 'lease' | 'release' | 'die'; pick: number }
  | { kind: 'image' | 'branch' }
  | { kind: 'wish'; minimum: number; extra: number; waiting: number; paused: boolean };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), slots: fc.nat(4), mayCreate: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('progress' as const), pick: fc.nat(), fails: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('lease' as const, 'release' as const, 'die' as const),
      pick: fc.nat(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('image' as const, 'branch' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('wish' as const),
      minimum: fc.nat(4),
      extra: fc.nat(4),
      waiting: fc.nat(3),
      paused: fc.boolean(),
    }),
  },
);

interface Sim {
  id: string;
  state: MachineState;
  image: number;
  branch?: boolean;
}

class World {
  wish = desired();
  image = 1;
  made = 0;
  list: Sim[] = [];
  /** The most that may have been there: a lowered maximum does not kill what is leased. */
  allowed = 4;

  view(): MachineView[] {
    return this.list.map((m) => ({
      machineId: m.id,
      state: m.state,
      fresh: m.image === this.image,
      ageMs: 0,
      taken: this.taken(m),
    }));
  }
  taken(m: Sim): boolean {
    return m.branch === true && ['creating', 'starting', 'ready'].includes(m.state);
  }
  pass(slots: number, mayCreate: boolean): PlanAction[] {
    const actions = plan(this.wish, { machines: this.view(), mayCreate, slots }, keep);
    for (const action of actions) {
      if (action.kind === 'create') this.list.push({ id: `n${++this.made}`, state: 'creating', image: this.image });
      else {
        const found = this.list.find((m) => m.id === action.machineId);
        expect(['creating', 'starting', 'ready', 'quarantined']).toContain(found?.state);
        expect(found && this.taken(found)).toBe(false);
        if (found) found.state = 'destroying';
      }
    }
    return actions;
  }
  progress(pick: number, fails: boolean): void {
    const moving = this.list.filter((m) => ['creating', 'starting', 'resetting', 'destroying'].includes(m.state));
    const machine = moving[pick % Math.max(1, moving.length)];
    if (!machine) return;
    if (machine.state === 'creating') machine.state = fails ? 'quarantined' : 'starting';
    else if (machine.state === 'starting') machine.state = fails ? 'quarantined' : 'ready';
    else this.list.splice(this.list.indexOf(machine), 1);
  }
  change(from: MachineState[], to: MachineState, pick: number): void {
    const some = this.list.filter((m) => from.includes(m.state));
    const machine = some[pick % Math.max(1, some.length)];
    if (machine) machine.state = to;
  }
}

describe('plan, as a model', () => {
  test('never past the maximum, never a leased machine, and it settles', () => {
    fc.assert(
      fc.property(fc.array(stepArbitrary, { maxLength: 60 }), (steps) => {
        const world = new World();
        for (const step of steps) {
          const before = world.list.length;
          switch (step.kind) {
            case 'pass': {
              const leased = world.list.filter((m) => m.state === 'leased').map((m) => m.id);
              const creates = world
                .pass(step.slots, step.mayCreate)
                .filter((action) => action.kind === 'create').length;
              expect(creates).toBeLessThanOrEqual(step.mayCreate ? step.slots : 0);
              if (creates > 0) expect(before + creates).toBeLessThanOrEqual(world.wish.maximum);
              expect(world.list.filter((m) => m.state === 'leased').map((m) => m.id)).toEqual(leased);
              break;
            }
            case 'progress':
              world.progress(step.pick, step.fails);
              break;
            case 'lease':
              world.change(['ready'], 'leased', step.pick);
              break;
            case 'release':
              world.change(['leased'], 'resetting', step.pick);
              break;
            case 'die':
              world.change(['ready', 'leased'], 'quarantined', step.pick);
              break;
            case 'branch':
              if (world.list.length < world.wish.maximum)
                world.list.push({ id: `n${++world.made}`, state: 'creating', image: world.image, branch: true });
              break;
            case 'image':
              world.image += 1;
              break;
            case 'wish':
              world.wish = desired({
                minimum: step.minimum,
                maximum: Math.max(1, step.minimum + step.extra),
                waiting: step.waiting,
                paused: step.paused,
              });
              break;
          }
        }
        // Left alone with a healthy backend it comes to rest at what was asked for.
        world.wish = { ...world.wish, paused: false, waiting: 0 };
        const lease = (): void => {
          for (const m of world.list) if (m.branch && m.state === 'ready') m.state = 'leased';
        };
        lease();
        for (let round = 0; round < 200; round++) {
          const acted = world.pass(3, true).length;
          const moving = world.list.filter((m) =>
            ['creating', 'starting', 'resetting', 'destroying'].includes(m.state),
          ).length;
          for (let n = 0; n < moving; n++) world.progress(0, false);
          lease();
          if (acted === 0 && moving === 0) break;
        }
        expect(world.pass(3, true)).toEqual([]);
        const leased = world.list.filter((m) => m.state === 'leased').length;
        const ready = world.list.filter((m) => m.state === 'ready');
        expect(ready.length).toBe(Math.min(world.wish.minimum, Math.max(0, world.wish.maximum - leased)));
        expect(ready.every((m) => m.image === world.image)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
