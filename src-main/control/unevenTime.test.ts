import { beforeEach, describe, expect, it } from 'vitest';
import { createBus } from '../base/bus';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { UnevenClock } from '../base/testing/unevenClock';
import { openDatabase } from '../store/database';
import { createTickets } from '../screen/tickets';
import { createAttention } from './attention';
import { lapseAfterMs, type Lease, type LeaseEvent } from './lease';
import { HoldWatch } from './watch';

const hour = 3_600_000;
const years = 10 * 365 * 24 * hour;
let clock: UnevenClock;
beforeEach(() => (clock = new UnevenClock()));

describe('a hold', () => {
  const quietMs = 600_000;
  const held = (lapse: 'grace' | 'idle' | null): Lease => ({
    ...{ kind: 'human', epoch: 2, since: clock.now(), basis: null, holder: 'Mara', askedBy: null },
    lapse: lapse && { at: clock.now() + lapseAfterMs[lapse], reason: lapse },
  });
  const watch = (lease: Lease) => {
    const told: LeaseEvent['kind'][] = [];
    const holds = new HoldWatch(clock, quietMs, (event) => told.push(event.kind));
    holds.follow(lease);
    return { told, holds };
  };

  it.each([years, -years])('neither lapses nor asks when the wall clock jumps by %d ms', (jump) => {
    for (const reason of ['grace', 'idle'] as const) {
      const { told } = watch(held(reason));
      clock.jump(jump);
      clock.pass(lapseAfterMs[reason] - 1);
      expect(told).toEqual([]);
      clock.pass(1);
      expect(told).toEqual(['lapsed']);
    }
    const { told } = watch(held(null));
    clock.jump(jump);
    clock.pass(quietMs - 1);
    expect(told).toEqual([]);
    clock.pass(1);
    expect(told).toEqual(['idle']);
  });

  it.each([true, false])('has its time again after a sleep (the steady clock went on: %s)', (counted) => {
    for (const reason of ['grace', 'idle'] as const) {
      const { told } = watch(held(reason));
      clock.pass(1000);
      clock.sleep(8 * hour, counted);
      clock.pass(lapseAfterMs[reason] - 1001);
      expect(told).toEqual([]);
      clock.pass(1001);
      expect(told).toEqual(['lapsed']);
    }
    const { told } = watch(held(null));
    clock.sleep(8 * hour, counted);
    clock.pass(quietMs - 1);
    expect(told).toEqual([]);
    clock.pass(2);
    expect(told).toEqual(['idle']);
  });
});

describe('a call for a person', () => {
  const make = (db = openDatabase(':memory:')) => {
    const attention = createAttention({ db, bus: createBus(), clock, ids: countingIds(), logger: silentLogger });
    const ask = () =>
      attention.ask({
        ...{ kind: 'help', sessionId: 's', poolId: null, title: 't', why: 'w', urgency: 'now', deadlineMs: 60_000 },
      }).id;
    return { db, attention, ask };
  };

  it.each([years, -years])(
    'keeps its deadline when the wall clock jumps by %d ms, also when somebody left it',
    (jump) => {
      const { attention, ask } = make();
      const id = ask();
      clock.pass(10_000);
      clock.jump(jump);
      attention.taken('s', 'Mara');
      attention.abandoned('s');
      clock.pass(49_999);
      expect(attention.get(id).state).toBe('waiting');
      clock.pass(1);
      expect(attention.get(id).state).toBe('expired');
    },
  );

  it('never waits longer than it asked for, whatever the wall clock says at the next start', () => {
    const { db, attention, ask } = make();
    const id = ask();
    attention.close();
    clock.jump(-years);
    const { attention: next } = make(db);
    clock.pass(60_000);
    expect(next.get(id).state).toBe('expired');
  });
});

describe('a screen ticket', () => {
  it('does not outlive a sleep, and a clock that is set back does not lengthen its life', () => {
    const tickets = createTickets({ clock, ids: countingIds() });
    const grant = { sessionId: 's', operator: 'Mara', mode: 'view' } as const;
    for (const counted of [true, false]) {
      const { ticket } = tickets.issue(grant);
      clock.sleep(8 * hour, counted);
      expect(() => tickets.redeem(ticket)).toThrow(/not valid/);
    }
    const { ticket } = tickets.issue(grant);
    clock.jump(-years);
    clock.pass(30_001);
    expect(() => tickets.redeem(ticket)).toThrow(/not valid/);
    expect(tickets.redeem(tickets.issue(grant).ticket)).toEqual(grant);
  });
});
