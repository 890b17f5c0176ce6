import { poolDefaults } from '@shared/pool';
import type { PoolImport } from '@shared/poolFile';
import { expect, it } from 'vitest';
import { fieldWords, importWords, valueWords } from './importModel';

const plan = (...actions: PoolImport['pools'][number]['action'][]): PoolImport => ({
  applied: false,
  pools: actions.map((action) => ({ action, id: null, displayName: 'x', changes: [] })),
});

it('says in a line what an import does, and nothing when it does nothing', () => {
  expect(importWords(plan('update', 'create', 'unchanged'))).toBe('1 pool changes, 1 is new');
  expect(importWords(plan('update', 'update'))).toBe('2 pools change');
  expect(importWords(plan('create', 'create'))).toBe('2 pools are new');
  expect(importWords(plan('unchanged'))).toBeNull();
});

it('has a word for every field of a pool', () => {
  for (const [name, value] of Object.entries({ displayName: '', ...poolDefaults })) {
    const paths =
      typeof value === 'object' && !Array.isArray(value) ? Object.keys(value).map((each) => `${name}.${each}`) : [name];
    for (const path of paths) expect(fieldWords(path), path).not.toBe(path);
  }
});

it('says values as people do', () => {
  expect(valueWords('assignments', [])).toBe('everyone');
  expect(valueWords('network.allow', [])).toBe('none');
  expect(valueWords('limits.sessionsPerToken', null)).toBe('no limit');
  expect(valueWords('acquire.idleSeconds', null)).toBe('no');
  expect(valueWords('paused', true)).toBe('yes');
  expect(valueWords('description', '')).toBe('empty');
  expect(valueWords('warm.minimum', 3)).toBe('3');
});
