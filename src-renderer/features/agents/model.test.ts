import type { Token } from '@shared/ipc';
import { poolDefaults, type Pool } from '@shared/pool';
import { describe, expect, it } from 'vitest';
import { at, now, session } from '../gallery/fixtures';
import { poolsWords, sessionsOf, sortTokens, usedWords } from './model';

const token = (patch: Partial<Token> = {}): Token => ({
  tokenId: 't',
  name: 'Claude Code, laptop',
  role: 'agent',
  pools: [],
  createdAt: at(900),
  lastUsedAt: null,
  ...patch,
});
const pool: Pool = {
  ...poolDefaults,
  id: 'office',
  displayName: 'Office',
  createdAt: at(1),
  observed: {
    machines: { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 },
    conditions: [],
  },
};

describe('tokens in words', () => {
  it('say which pools, deleted ones included', () => {
    expect(poolsWords(token(), [pool])).toBe('Every pool');
    expect(poolsWords(token({ pools: ['office'] }), [pool])).toBe('Office');
    expect(poolsWords(token({ pools: ['office', 'gone'] }), [pool])).toBe('Office, 1 deleted pool');
  });
  it('say when they were used', () => {
    expect(usedWords(token(), now)).toBe('Never');
    expect(usedWords(token({ lastUsedAt: at(3) }), now)).toBe('Just now');
    expect(usedWords(token({ lastUsedAt: at(7200) }), now)).toBe('2 h 00 ago');
  });
  it('stand with agents first', () => {
    const list = [token({ name: 'b' }), token({ name: 'A', role: 'admin' }), token({ name: 'a' })];
    expect(sortTokens(list).map((each) => each.name)).toEqual(['a', 'b', 'A']);
  });
  it('know the sessions that hang on them', () => {
    const mine = session({ caller: 'Claude Code, laptop' });
    expect(sessionsOf(token(), [mine, session({ caller: 'x' }), { ...mine, endedAt: at(1) }])).toEqual([mine]);
  });
});
