import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { freshLease, leaseSchema, refusal, transition, type Lease, type LeaseEvent } from './lease';
import { WheelhouseError } from '../base/errors';

const names = ['Mara', 'Tom', 'Ines'] as const;
const who = fc.constantFrom(...names);
/** Before the lease's epoch, at it, after it: late and forged ones must change nothing. */
const drift = fc.constantFrom(0, 0, 0, -1, 1, -2);

type Draw = (lease: Lease, lapseAt: number) => LeaseEvent;
const operatorDraws: fc.Arbitrary<Draw>[] = [
  fc.tuple(who, fc.boolean()).map(([by, force]): Draw => () => ({ kind: 'take', by, force })),
  fc.tuple(who, fc.boolean(), fc.boolean(), fc.option(drift)).map(([by, force, leavePaused, at]): Draw => (lease) => {
    const epoch = at === null ? undefined : lease.epoch + at;
    return { kind: 'release', by, force, leavePaused, note: 'n', epoch };
  }),
  fc.tuple(who, fc.option(who)).map(([by, to]): Draw => () => ({ kind: 'give', by, to, force: false })),
  fc
    .tuple(fc.constantFrom('request', 'keep', 'pause', 'resume'), who, fc.boolean())
    .map(([kind, by, force]): Draw => () => ({ kind, by, force })),
];
const eventDraws: fc.Arbitrary<Draw>[] = [
  ...operatorDraws,
  fc
    .tuple(fc.constantFrom('draining', 'returned', 'fenceFailed', 'idle'), drift)
    .map(([kind, at]): Draw => (lease) => ({ kind, epoch: lease.epoch + at })),
  drift.map((at): Draw => (lease) => ({ kind: 'granted', epoch: lease.epoch + at, drainedMs: 1 })),
  drift.map((at): Draw => (lease) => ({ kind: 'granted', epoch: lease.epoch + at, drainedMs: 1 })),
  fc.tuple(fc.constantFrom('viewerLost', 'viewerBack', 'input'), who).map(([kind, by]): Draw => () => ({ kind, by })),
  fc.tuple(drift, fc.boolean()).map(([at, right]): Draw => (lease, lapseAt) => ({
    kind: 'lapsed',
    epoch: lease.epoch + at,
    at: right ? lapseAt : lapseAt + 1,
  })),
  fc.constant((): LeaseEvent => ({ kind: 'restarted' })),
  fc.constant((lease): LeaseEvent => ({ kind: 'looked', since: lease.basis?.since ?? 0, frame: null, windows: [] })),
];
const steps = fc.array(fc.tuple(fc.oneof(...eventDraws), fc.integer({ min: -10_000_000, max: 10_000_000 })), {
  minLength: 1,
  maxLength: 60,
});

/** Who may act by the model: the agent, one person, or nobody. */
const actor = (lease: Lease): string | null =>
  lease.kind === 'agent' ? 'the agent' : lease.kind === 'human' ? lease.holder : null;

function play(
  run: [Draw, number][],
  look: (before: Lease, event: LeaseEvent, after: Lease, threw: unknown) => void,
): void {
  let now = 1_800_000_000_000;
  let lease = freshLease(now);
  for (const [draw, jump] of run) {
    now += jump;
    const lapseAt = (lease.kind === 'human' || lease.kind === 'paused') && lease.lapse ? lease.lapse.at : 0;
    const event = draw(lease, lapseAt);
    const before = structuredClone(lease);
    let after = lease;
    let threw: unknown = null;
    try {
      after = transition(lease, event, now).state;
    } catch (error) {
      threw = error;
    }
    expect(lease).toEqual(before);
    look(before, event, after, threw);
    lease = after;
  }
}

describe('the lease machine against its model', () => {
  it('has one actor at most, and hands change only with a higher epoch', () => {
    fc.assert(
      fc.property(steps, (run) => {
        let last: { name: string; epoch: number } | null = null;
        play(run, (before, _event, after) => {
          expect(after.epoch).toBeGreaterThanOrEqual(before.epoch);
          const name = actor(after);
          if (name === null) return;
          if (last && last.name !== name) expect(after.epoch).toBeGreaterThan(last.epoch);
          last = { name, epoch: after.epoch };
        });
      }),
      { numRuns: 3000 },
    );
  });
  it('never lets the right to act pass without a fence in between', () => {
    fc.assert(
      fc.property(steps, (run) =>
        play(run, (before, event, after) => {
          if (actor(before) !== actor(after) && actor(after) !== null) {
            expect(['granted', 'returned', 'restarted']).toContain(event.kind);
          }
          // a crash never gives a person's hold to the agent, but for the hand-back that was intended
          if (event.kind === 'restarted' && before.kind !== 'agent' && after.kind === 'agent') {
            expect(before.kind).toBe('handback');
            expect(after.epoch).toBeGreaterThan(before.epoch);
          }
          // nor does anything but a hand-back or an operator's word
          if (after.kind === 'handback' && before.kind !== 'handback')
            expect(['release', 'resume']).toContain(event.kind);
        }),
      ),
      { numRuns: 3000 },
    );
  });
  it('admits the agent in no state but its own', () => {
    fc.assert(
      fc.property(steps, (run) =>
        play(run, (_before, _event, after) => {
          const error = refusal(after);
          expect(error === null).toBe(after.kind === 'agent');
          if (error) expect(['control_held', 'control_paused']).toContain(error.code);
          expect(error?.data.tool ?? 'await_control').toBe('await_control');
        }),
      ),
      { numRuns: 1000 },
    );
  });
  it('is not moved by a late event or by a stale release', () => {
    fc.assert(
      fc.property(steps, (run) =>
        play(run, (before, event, after, threw) => {
          if ('epoch' in event && event.epoch !== undefined && event.epoch !== before.epoch) {
            expect(after).toEqual(before);
            if (event.kind === 'release') expect(threw).toMatchObject({ code: 'conflict' });
          }
          const unforced = 'force' in event && !event.force;
          if (unforced && before.kind === 'human' && event.by !== before.holder) {
            expect({ holder: after.kind === 'human' && after.holder, epoch: after.epoch }).toEqual({
              holder: before.holder,
              epoch: before.epoch,
            });
          }
        }),
      ),
      { numRuns: 2000 },
    );
  });
  it('refuses with its codes only, and every state survives being stored', () => {
    fc.assert(
      fc.property(steps, (run) =>
        play(run, (_before, _event, after, threw) => {
          if (threw) {
            expect(threw).toBeInstanceOf(WheelhouseError);
            expect(['control_held', 'conflict']).toContain((threw as WheelhouseError).code);
          }
          expect(leaseSchema.parse(JSON.parse(JSON.stringify(after)))).toEqual(after);
        }),
      ),
      { numRuns: 1000 },
    );
  });
});
