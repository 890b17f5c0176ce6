import { poolDefaults, type Pool } from '@shared/pool';
import { expect, it } from 'vitest';
import { at, now, session } from '../gallery/fixtures';
import { expiryWords, isResuming, isSuspended, queueWords, suspendChoice, suspendedSince } from './lifeModel';

const pool = (policy: 'release' | 'suspend'): Pool => ({
  ...poolDefaults,
  id: 'desktop',
  displayName: 'desktop',
  createdAt: at(1000),
  idle: { policy, afterSeconds: 900 },
  observed: {
    machines: { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 },
    conditions: [],
  },
});

it('tells a suspended session from one that resumes and one that is new', () => {
  expect(isSuspended(session({ status: 'idle' }))).toBe(true);
  expect(isResuming(session({ status: 'acquiring', suspendedAt: at(60) }))).toBe(true);
  expect(isResuming(session({ status: 'acquiring' }))).toBe(false);
  expect(suspendedSince(session({ status: 'idle', suspendedAt: at(0) }), now)).toMatch(/^\d\d:\d\d$/);
});

it('says when it expires', () => {
  expect(expiryWords(session({ expiresAt: at(-29.9 * 86_400) }), now)).toBe('in 30 days');
  expect(expiryWords(session({ expiresAt: at(-7200) }), now)).toBe('in 2 h 00');
  expect(expiryWords(session({ expiresAt: at(1) }), now)).toBe('now');
  expect(expiryWords(session({ expiresAt: null }), now)).toBeNull();
});

it('says the place in the queue', () => {
  const words = (place: number, waiting: number) =>
    queueWords(session({ status: 'queued', queue: { place, waiting } }));
  expect([words(1, 1), words(1, 3), words(2, 3), words(3, 3), words(11, 12), words(22, 30)]).toEqual([
    'Next in the queue',
    'Next of 3 in the queue',
    '2nd of 3 in the queue',
    '3rd of 3 in the queue',
    '11th of 12 in the queue',
    '22nd of 30 in the queue',
  ]);
  expect(queueWords(session({ status: 'queued' }))).toBe('');
});

it('offers to suspend only where the pool does, and says what is in the way', () => {
  expect(suspendChoice(session(), pool('release'))).toBeNull();
  expect(suspendChoice(session(), undefined)).toBeNull();
  expect(suspendChoice(session({ status: 'idle' }), pool('suspend'))).toBeNull();
  expect(suspendChoice(session(), pool('suspend'))).toEqual({ barred: null });
  expect(suspendChoice(session({}, { kind: 'human', holder: 'x' }), pool('suspend'))?.barred).toContain('wheel');
  expect(suspendChoice(session({ frozen: true }, { kind: 'paused' }), pool('suspend'))?.barred).toContain('stopped');
});
