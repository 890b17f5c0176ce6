import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolDefaults, type Pool } from '@shared/pool';
import { poolFileBytes } from '@shared/poolFile';
import { WheelhouseError } from '../../base/errors';
import { planImport, poolJsonSchema, readPoolFile, writePoolFile } from './index';

const pool = (id: string, change: Partial<Pool> = {}): Pool => ({
  ...poolDefaults,
  id,
  displayName: id,
  createdAt: '2026-01-01T00:00:00.000Z',
  observed: {
    machines: { creating: 0, starting: 0, ready: 2, leased: 0, resetting: 0, quarantined: 0 },
    conditions: [],
  },
  ...change,
});
const base = 'http://127.0.0.1:7317';
const refusal = (work: () => unknown): { code: string; details: { path: string; message: string }[] } => {
  try {
    work();
  } catch (error) {
    if (error instanceof WheelhouseError) return { code: error.code, details: [], ...error.data };
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a file of pools', () => {
  it('says where its schema is, and comes back as it was, whatever the pool is called', () => {
    const text = writePoolFile([pool('desktop')], base);
    expect(text.split('\n')[0]).toBe(`# yaml-language-server: $schema=${base}/schemas/pool.json`);
    expect(text).not.toContain('observed');
    fc.assert(
      fc.property(
        fc
          .string({ unit: 'binary', minLength: 1, maxLength: 60 })
          .filter((name) => name === name.trim() && name !== ''),
        fc.string({ maxLength: 512 }),
        fc.array(fc.string({ maxLength: 60 }), { maxLength: 5 }),
        fc.option(fc.integer({ min: 1, max: 200 })),
        (displayName, description, assignments, sessionsPerToken) => {
          const one = pool('desktop', { displayName, description, assignments, limits: { sessionsPerToken } });
          const read = readPoolFile(writePoolFile([one], base));
          expect(read.pools[0]).toMatchObject({ displayName, description, assignments, limits: { sessionsPerToken } });
          expect(planImport(read.pools, [one])[0]?.shown.action).toBe('unchanged');
        },
      ),
    );
  });

  it('is JSON too', () => {
    expect(readPoolFile('{"pools": [{"displayName": "A"}]}')).toEqual({ pools: [{ displayName: 'A' }] });
  });

  it.each([
    [
      'pools:\n  - displayName: A\n    warm:\n      minimum: 4\n      maximum: 2\n',
      'pools[0].warm.minimum',
      'line 4: minimum must not exceed maximum',
    ],
    ['pools:\n  - displayName: A\n    warm:\n      maximum: 0\n', 'pools[0].warm.maximum', 'line 4: '],
    ['pools:\n  - displayName: A\n  - description: B\n', 'pools[1].displayName', 'line 3: it is missing'],
    ['pools:\n  - displayName: A\n\n    size:\n      cpu: 4\n', 'pools[0].size.cpu', 'line 5: there is no such field'],
    ['pools:\n  - displayName: A\n    backend: vmware\n', 'pools[0].backend', 'line 3: '],
    ['pools:\n  - displayName: A\n    id: export\n', 'pools[0].id', 'line 3: export and import'],
    ['pool:\n  displayName: A\n', 'pool', 'line 1: there is no such field'],
    ['pools: []\n', 'pools', 'line 1: '],
    ['', '', 'line 1: expected object'],
    ['pools:\n  - displayName: A\n    displayName: B\n', '', 'line 3: Map keys must be unique'],
    ['pools:\n  - displayName: "A\n', '', 'line '],
    ['pools: *other\n', '', 'line 1: '],
    ['pools: &all\n  - displayName: A\n', '', 'line '],
    ['pools:\n  - displayName: A\n---\npools: []\n', '', 'line '],
  ])('%j is refused at its place', (text, path, words) => {
    const { code, details } = refusal(() => readPoolFile(text));
    expect(code).toBe('bad_request');
    const found = details.find((each) => each.path === path && each.message.startsWith(words));
    expect(found, JSON.stringify(details)).toBeDefined();
  });

  it('neither grows nor exhausts anything when it is hostile', () => {
    const hostile = [
      '['.repeat(100_000),
      '- '.repeat(50_000),
      `${'? '.repeat(50_000)}a`,
      `a: &a [x]\nb: [${'*a,'.repeat(1000)}]`,
      Array.from({ length: 600 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'pools: !!js/function "x"',
      '__proto__: {polluted: true}\npools: [{displayName: A}]',
    ];
    for (const text of hostile) expect(refusal(() => readPoolFile(text)).code, text.slice(0, 20)).toBe('bad_request');
    expect(refusal(() => readPoolFile(' '.repeat(poolFileBytes + 1))).code).toBe('too_large');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(['bad_request']).toContain(refusal(() => readPoolFile(text)).code);
      }),
    );
  });

  it('has the schema that is published', () => {
    const committed: unknown = JSON.parse(readFileSync('docs/schemas/pool.schema.json', 'utf8'));
    // When this fails: write what `wheelhouse pools schema` prints to that file.
    expect(committed).toEqual(poolJsonSchema());
  });
});

describe('what an import does', () => {
  const has = [pool('desktop', { displayName: 'Desktop' }), pool('pool_2', { displayName: 'Second', paused: true })];
  const plan = (...entries: Parameters<typeof planImport>[0]) => planImport(entries, has).map(({ shown }) => shown);

  it('finds a pool by its id, else by its name, else makes one', () => {
    expect(
      plan(
        { id: 'desktop', displayName: 'Renamed' },
        { displayName: 'Second', warm: { minimum: 1, maximum: 8 } },
        { id: 'far', displayName: 'Third' },
      ),
    ).toMatchObject([
      { action: 'update', id: 'desktop', changes: [{ path: 'displayName', from: 'Desktop', to: 'Renamed' }] },
      { action: 'update', id: 'pool_2', changes: [{ path: 'warm.minimum', from: 2, to: 1 }] },
      { action: 'create', id: 'far', displayName: 'Third' },
    ]);
    expect(plan({ id: 'elsewhere', displayName: 'Second' })).toEqual([
      { action: 'unchanged', id: 'pool_2', displayName: 'Second', changes: [] },
    ]);
    // Names may change hands in one go.
    expect(plan({ id: 'desktop', displayName: 'Second' }, { id: 'pool_2', displayName: 'Desktop' })).toHaveLength(2);
  });

  it.each([
    [[{ id: 'desktop', displayName: 'Second' }], 'another pool is called'],
    [[{ displayName: 'New' }, { displayName: 'New' }], 'two pools of the file are called'],
    [
      [
        { id: 'a', displayName: 'A' },
        { id: 'a', displayName: 'B' },
      ],
      'two new pools have the id a',
    ],
    [[{ id: 'desktop', displayName: 'A' }, { displayName: 'Desktop' }], 'a second time'],
  ])('%j is refused', (entries, words) => {
    const { code, details } = refusal(() => plan(...entries));
    expect([code, details[0]?.message]).toEqual(['conflict', expect.stringContaining(words)]);
  });

  it('asks for an id where a name means several', () => {
    const twins = [pool('a', { displayName: 'Twin' }), pool('b', { displayName: 'Twin' })];
    expect(refusal(() => planImport([{ displayName: 'Twin' }], twins)).details[0]?.message).toContain('give the id');
    expect(planImport([{ id: 'b', displayName: 'Twin' }], twins)[0]?.shown.action).toBe('unchanged');
  });
});
