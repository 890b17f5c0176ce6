import type { Home } from '@shared/home';
import { describe, expect, it } from 'vitest';
import { at, now } from '../gallery/fixtures';
import {
  goesWords,
  homesInOrder,
  keepsIt,
  matchesHome,
  notNow,
  overWords,
  sizeWords,
  stateWords,
  totalWords,
  usedWords,
} from './model';

const home = (patch: Partial<Home> = {}): Home => ({
  homeId: 'home-a',
  poolId: 'desktop',
  backend: 'docker',
  caller: 'claude',
  keep: true,
  state: 'kept',
  sessionId: null,
  machineId: null,
  bytes: 212 * 1024 ** 2,
  quotaMiB: 2048,
  quotaEnforced: false,
  overQuota: false,
  createdAt: at(1000),
  lastUsedAt: at(500),
  expiresAt: at(-27.2 * 86_400),
  reason: null,
  ...patch,
});

it('says what a home takes of its quota', () => {
  expect(usedWords(home())).toBe('212 MB of 2 GB');
  expect(usedWords(home({ bytes: null, quotaMiB: 512 }))).toBe('quota 512 MB');
  expect([sizeWords(0), sizeWords(900), sizeWords(1.5 * 1024 ** 3)]).toEqual(['0 KB', '1 KB', '1.5 GB']);
  expect(overWords(home())).toContain('nothing stops it');
  expect(overWords(home({ quotaEnforced: true }))).toContain('Full');
  expect(totalWords([home({ bytes: null })])).toBe('1 home');
  expect(totalWords([home(), home({ bytes: null, overQuota: true })])).toBe('2 homes, 212 MB on disk, 1 over quota');
});

it('tells who has it', () => {
  expect(stateWords(home()).word).toBe('Kept');
  const attached = home({ state: 'attached', sessionId: 'session-1', expiresAt: null });
  expect(stateWords(attached).word).toBe('Suspended');
  expect(stateWords({ ...attached, machineId: 'm-1' })).toEqual({ word: 'In use', role: 'agent' });
  expect(stateWords(home({ state: 'deleting' })).word).toBe('Deleting');
});

it('says when it goes', () => {
  expect(goesWords(home(), now)).toBe('in 28 d');
  expect(goesWords(home({ expiresAt: at(-7200) }), now)).toBe('in 2 h 00');
  expect(goesWords(home({ expiresAt: at(1) }), now)).toBe('now');
  expect(goesWords(home({ expiresAt: null, keep: false }), now)).toBe('with session');
  expect(goesWords(home({ state: 'deleting' }), now)).toBe('');
});

describe('what can be done with it', () => {
  it('is nothing to one that a session has, or that is on its way out', () => {
    expect([keepsIt(home()), notNow(home())]).toEqual([null, null]);
    expect(keepsIt(home({ state: 'attached', sessionId: 'session-1' }))).toContain('end the session');
    expect(keepsIt(home({ state: 'deleting' }))).not.toBeNull();
    expect(notNow(home({ state: 'deleting' }))).not.toBeNull();
  });
  it('reads a disk only while no machine has it', () => {
    expect(notNow(home({ machineId: 'm-1', backend: 'qemu' }))).toContain('suspend');
    expect(notNow(home({ machineId: 'm-1' }))).toBeNull();
  });
});

it('lists what was used last first, and finds by every word', () => {
  const list = homesInOrder([
    home({ homeId: 'old', lastUsedAt: at(900) }),
    home({ homeId: 'going', lastUsedAt: at(1), state: 'deleting' }),
    home({ homeId: 'new', lastUsedAt: at(2) }),
  ]);
  expect(list.map((each) => each.homeId)).toEqual(['new', 'old', 'going']);
  expect(matchesHome(home(), 'Night shift', 'claude night')).toBe(true);
  expect(matchesHome(home(), 'Night shift', 'claude day')).toBe(false);
});
