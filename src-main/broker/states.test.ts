import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { machineStates, type MachineState } from '@shared/pool';
import { sessionStatuses, type SessionStatus } from '@shared/session';
import { machineTransitions, nextMachineState, type MachineEvent } from './machineState';
import { isEnded, nextSessionStatus, sessionTransitions, type SessionEvent } from './sessionState';

const eventsOf = (table: Record<string, Record<string, string>>): string[] => [
  ...new Set(Object.values(table).flatMap((row) => Object.keys(row))),
];
const machineEvents = eventsOf(machineTransitions) as MachineEvent[];
const sessionEvents = eventsOf(sessionTransitions) as SessionEvent[];

/** Applies events, leaving out the illegal ones; returns the states passed through. */
function walk<S, E>(start: S, events: E[], next: (state: S, event: E) => S): S[] {
  const path = [start];
  for (const event of events) {
    try {
      path.push(next(path.at(-1) as S, event));
    } catch {
      continue;
    }
  }
  return path;
}

describe('machine states', () => {
  test('a leased machine is never ready or leased again', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...machineEvents), { maxLength: 40 }), (events) => {
        const path = walk<MachineState, MachineEvent>('creating', events, nextMachineState);
        const leased = path.indexOf('leased');
        if (leased >= 0) expect(path.slice(leased + 1)).not.toEqual(expect.arrayContaining(['ready']));
        expect(path.filter((state) => state === 'leased').length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  test('a quarantined machine only leaves by its end', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...machineEvents), { maxLength: 40 }), (events) => {
        const path = walk<MachineState, MachineEvent>('quarantined', events, nextMachineState);
        expect(['quarantined', 'destroying', 'gone'].slice(0, path.length)).toEqual(path);
      }),
    );
  });

  test('ready is reached by a check alone', () => {
    const ways = machineStates.flatMap((state) =>
      Object.entries(machineTransitions[state]).filter(([, to]) => to === 'ready'),
    );
    expect(ways).toEqual([['checked', 'ready']]);
  });

  test('an illegal event is refused with both names', () => {
    expect(() => nextMachineState('leased', 'lease')).toThrow(/leased can't take “lease”/);
    expect(() => nextMachineState('gone', 'started')).toThrow(/gone/);
  });
});

describe('session states', () => {
  test('what ended stays ended', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...sessionEvents), { maxLength: 40 }), (events) => {
        const path = walk<SessionStatus, SessionEvent>('queued', events, nextSessionStatus);
        const end = path.findIndex(isEnded);
        if (end >= 0) expect(path).toHaveLength(end + 1);
      }),
      { numRuns: 1000 },
    );
  });

  test('every status is reachable from queued, and every living one can end', () => {
    const reach = (from: SessionStatus): Set<SessionStatus> => {
      const seen = new Set<SessionStatus>([from]);
      for (const status of seen) for (const to of Object.values(sessionTransitions[status])) seen.add(to);
      return seen;
    };
    expect(reach('queued')).toEqual(new Set(sessionStatuses));
    for (const status of sessionStatuses) expect([...reach(status)].some(isEnded)).toBe(true);
  });

  test('an illegal event is refused', () => {
    expect(() => nextSessionStatus('released', 'release')).toThrow(/released can't take “release”/);
  });
});
