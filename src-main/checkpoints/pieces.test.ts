import { describe, expect, it } from 'vitest';
import type { CheckpointRow } from '../store/checkpoints';
import { makeRoom } from './bounds';
import { age, quoted, undone } from './words';

const row = (id: string, more: Partial<CheckpointRow> = {}): CheckpointRow => ({
  seq: 1,
  id,
  session_id: 's',
  machine_id: 'm',
  backend: 'qemu',
  name: id,
  cause: 'operator',
  created_by: 'ann',
  created_at: 0,
  state: 'ready',
  reason: null,
  bytes: 10,
  frame: null,
  after_action_id: null,
  ...more,
});
const request = { sessionId: 's', byAgent: false, keep: 2, maxBytes: 1000, spared: new Set<string>() };
const going = (rows: CheckpointRow[], more: Partial<typeof request> = {}) =>
  makeRoom(rows, { ...request, ...more }).map((each) => each.id);

describe('room for one more', () => {
  it('needs nothing to go while there is some', () => {
    expect(going([row('a'), row('b', { session_id: 'other' })])).toEqual([]);
  });
  it('is made by policy’s oldest of this session', () => {
    expect(going([row('a', { cause: 'takeover' }), row('b', { cause: 'command' })])).toEqual(['a']);
    expect(going([row('a'), row('b', { cause: 'command' })])).toEqual(['b']);
  });
  it('is never made by what people and agents saved, what is being saved, or what is in use', () => {
    expect(() => going([row('a'), row('b', { cause: 'agent' })])).toThrow(/keeps 2/);
    expect(() => going([row('a'), row('b', { cause: 'command', state: 'saving' })])).toThrow(/keeps 2/);
    expect(() => going([row('a'), row('b', { cause: 'command' })], { spared: new Set(['b']) })).toThrow(/keeps 2/);
  });
  it('is not made by an agent of what a takeover saved, nor of other sessions', () => {
    const own = [row('a', { cause: 'takeover' }), row('b', { cause: 'command' })];
    expect(going(own, { byAgent: true })).toEqual(['b']);
    const takeovers = own.map((each) => ({ ...each, cause: 'takeover' as const }));
    expect(() => going(takeovers, { byAgent: true })).toThrow(/keeps 2/);
    const other = row('c', { session_id: 'other', cause: 'command', bytes: 1000 });
    expect(() => going([other], { byAgent: true })).toThrow(/at most/);
  });
  it('in bytes is made by any session’s', () => {
    const rows = [row('a', { session_id: 'other', cause: 'takeover', bytes: 600 }), row('b', { bytes: 500 })];
    expect(going(rows)).toEqual(['a']);
    expect(() => going([row('a', { session_id: 'other', bytes: 1000 })])).toThrow(/at most/);
  });
  it('does not count failed ones, and keeps the last three of them', () => {
    const failed = ['a', 'b', 'c', 'd'].map((id) => row(id, { state: 'failed', bytes: null }));
    expect(going([...failed, row('e')])).toEqual(['a']);
  });
});

it('says in one unit how long ago, and how much is undone', () => {
  expect([1000, 89_000, 91_000, 180_000, 7_200_000].map(age)).toEqual([
    '1 second',
    '89 seconds',
    '2 minutes',
    '3 minutes',
    '2 hours',
  ]);
  expect(undone({ undoneMs: 180_000, undoneActions: 14 })).toBe('3 minutes and 14 actions undone');
  expect(undone({ undoneMs: 180_000, undoneActions: 0 })).toBe('3 minutes undone');
});

it('lets no name write more than its own words', () => {
  expect(quoted('a **b** \u202ec')).toBe('“a ·b·  c”');
});
