import { expect, test } from 'vitest';
import { contradicts, newEntry, type Entry, type SessionSeen } from './ledger';

const entry = (more: Partial<Entry> = {}): Entry => ({
  ...newEntry('k'),
  ...{ told: { computerId: 'c', createdAt: 't' }, machineId: 'm', homeId: 'h', state: 'live', epoch: 3, ...more },
});
const seen = (more: Partial<SessionSeen> = {}): SessionSeen => ({
  ...{ status: 'active', computerId: 'c', createdAt: 't', machineId: 'm', reason: null, home: { homeId: 'h' } },
  ...{ control: { kind: 'agent', epoch: 3 }, ...more },
});

test('a session that is as it was told is in order', () => {
  expect(contradicts(entry(), seen())).toBeNull();
  expect(contradicts(entry({ told: null }), null)).toBeNull();
});
test.each<[string, Partial<Entry>, Partial<SessionSeen> | null]>([
  ['is gone', {}, null],
  ['computer', {}, { computerId: 'x' }],
  ['made anew', {}, { createdAt: 'x' }],
  ['is failed', {}, { status: 'failed' }],
  ['was released', { state: 'ended' }, {}],
  ['home', {}, { home: { homeId: 'x' } }],
  ['was on m', {}, { machineId: 'x' }],
  ['was suspended', { state: 'suspended' }, {}],
  ['epoch', {}, { control: { kind: 'agent', epoch: 2 } }],
  ['a person held control', { held: true }, {}],
  ['nobody held control', {}, { control: { kind: 'human', epoch: 4 } }],
])('what must not be is said: %s', (words, told, found) => {
  expect(contradicts(entry(told), found && seen(found))).toContain(words);
});
test('what was asked for and not answered may have been done or not', () => {
  expect(contradicts(entry({ doubts: new Set(['release']) }), seen({ status: 'released' }))).toBeNull();
  expect(contradicts(entry({ doubts: new Set(['suspend']) }), seen({ status: 'idle', machineId: null }))).toBeNull();
  expect(contradicts(entry({ doubts: new Set(['take']) }), seen({ control: { kind: 'paused', epoch: 4 } }))).toBeNull();
  expect(contradicts(entry({ hurt: true }), seen({ status: 'failed' }))).toBeNull();
});
