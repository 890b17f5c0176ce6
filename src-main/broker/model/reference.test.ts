import { describe, expect, test } from 'vitest';
import { machineTransitions } from '../machineState';
import { sessionTransitions } from '../sessionState';
import { ceilingAfter, machineMayMove, machineMoves, sessionMayMove, sessionMoves, type Seen } from './reference';

describe('the reference model', () => {
  test('lets the broker’s own states do nothing that it does not', () => {
    for (const [from, events] of Object.entries(sessionTransitions))
      for (const to of Object.values(events))
        expect(Object.keys(sessionMoves[from as Seen]), `${from} to ${to}`).toContain(to);
    for (const [from, events] of Object.entries(machineTransitions))
      for (const to of Object.values(events)) expect(machineMoves[from as 'ready'], `${from} to ${to}`).toContain(to);
  });
  test('asks for a reason', () => {
    expect(sessionMayMove('active', 'failed', new Set(['asked']))).toBe(false);
    expect(sessionMayMove('active', 'failed', new Set(['hurt']))).toBe(true);
    expect(sessionMayMove('active', 'none', new Set(['asked', 'end', 'hurt', 'suspend', 'called', 'days']))).toBe(
      false,
    );
    expect(sessionMayMove('idle', 'active', new Set(['asked']))).toBe(false);
    expect(sessionMayMove('idle', 'active', new Set(['called']))).toBe(true);
    expect(sessionMayMove('released', 'active', new Set(['asked', 'called']))).toBe(false);
  });
  test('never hands out again what was used, failed or left', () => {
    for (const from of ['leased', 'quarantined', 'resetting', 'destroying', 'gone', 'none'] as const)
      for (const to of ['ready', 'leased'] as const)
        if (from !== to && from !== 'none') expect(machineMayMove(from, to), `${from} to ${to}`).toBe(false);
    expect(machineMayMove('creating', 'leased')).toBe(true);
  });
  test('lets a lowered maximum bind as machines go', () => {
    expect(ceilingAfter(4, 4, 2)).toBe(4);
    expect(ceilingAfter(4, 3, 2)).toBe(3);
    expect(ceilingAfter(3, 1, 2)).toBe(2);
    expect(ceilingAfter(2, 2, 5)).toBe(5);
  });
});
