import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { poolDefaults } from '@shared/pool';
import { openDatabase, sql, transaction, type Database } from './database';
import { machineStore } from './machines';
import { poolStore } from './pools';
import { sessionStore, type SessionRow } from './sessions';
import { settingsStore } from './settings';
import { tokenStore, type NewToken } from './tokens';

const at = '2026-01-01T00:00:00.000Z';
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'store-'));
  folders.push(made);
  return made;
}

const session = (n: number, change: Partial<SessionRow> = {}): SessionRow => ({
  sessionId: `session-${n}`,
  computerId: `c_${n}`,
  poolId: 'desktop',
  machineId: null,
  status: 'queued',
  parametersHash: 'a'.repeat(64),
  name: 'one',
  agent: '',
  caller: n % 2 ? 'odd' : 'even',
  labels: { team: 'x' },
  reason: null,
  createdAt: at,
  lastActivityAt: at,
  endedAt: null,
  homeId: null,
  idleSeconds: null,
  suspendedAt: null,
  suspendedMs: null,
  savedAs: null,
  size: null,
  ...change,
});
const addMachine = (db: Database, machineId: string): void =>
  machineStore(db).insert({
    machineId,
    poolId: 'desktop',
    backend: 'docker',
    image: 'desktop:1',
    size: poolDefaults.size,
    secret: 's'.repeat(43),
    createdAt: at,
  });

describe('database', () => {
  test('a fresh store has one pool, is durable, private, and opens again as it was', () => {
    const file = join(folder(), 'data', 'wheelhouse.db');
    const db = openDatabase(file);
    expect(
      poolStore(db)
        .all()
        .map((pool) => [pool.id, pool.spec.displayName]),
    ).toEqual([['desktop', 'Desktop']]);
    expect(sql(db, 'PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(sql(db, 'PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    poolStore(db).remove('desktop');
    db.close();
    const again = openDatabase(file);
    expect(poolStore(again).all()).toEqual([]);
    again.close();
  });

  test('a store of a newer version is refused in words', () => {
    const file = join(folder(), 'wheelhouse.db');
    const db = openDatabase(file);
    sql(db, "INSERT INTO migrations (version, name, at) VALUES (999, 'future', ?)").run(at);
    db.close();
    expect(() => openDatabase(file)).toThrow(/newer Wheelhouse/);
  });

  test('a transaction is all or nothing, an inner one joins', () => {
    const db = openDatabase(':memory:');
    expect(() =>
      transaction(db, () => {
        transaction(db, () => poolStore(db).markDeleting('desktop'));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(poolStore(db).get('desktop')?.deleting).toBe(false);
  });

  test('tables take no wrong types', () => {
    const db = openDatabase(':memory:');
    expect(() => sql(db, "INSERT INTO pools (id, spec, created_at) VALUES ('x', 'not json', ?)").run(at)).toThrow();
    expect(() => sql(db, "UPDATE pools SET deleting = 'maybe'").run()).toThrow();
  });
});

describe('machines and sessions', () => {
  test('the database itself keeps a machine from two sessions and a session from two machines', () => {
    const db = openDatabase(':memory:');
    addMachine(db, 'm1');
    addMachine(db, 'm2');
    const machines = machineStore(db);
    machines.move('m1', 'creating', 'starting', { at });
    machines.move('m1', 'starting', 'ready', { at, bootId: 'b' });
    machines.move('m1', 'ready', 'leased', { at, sessionId: 'session-1' });
    expect(machines.get('m1')).toMatchObject({ state: 'leased', sessionId: 'session-1', bootId: 'b' });
    expect(() => machines.move('m1', 'ready', 'leased', { at, sessionId: 'session-2' })).toThrow(/no longer ready/);
    expect(() => machines.move('m2', 'creating', 'leased', { at, sessionId: 'session-1' })).toThrow();
    expect(() => machines.move('m2', 'creating', 'leased', { at })).toThrow();
    const sessions = sessionStore(db);
    sessions.insert(session(1, { machineId: 'm1', status: 'active' }));
    expect(() => sessions.insert(session(2, { machineId: 'm1', status: 'active' }))).toThrow();
    sessions.move('session-1', 'active', 'failed', { reason: 'lost', endedAt: at });
    sessions.insert(session(2, { machineId: 'm1', status: 'active' }));
    expect(sessions.liveByMachine('m1')?.sessionId).toBe('session-2');
  });

  test('compare-and-set refuses a stale move', () => {
    const db = openDatabase(':memory:');
    const sessions = sessionStore(db);
    sessions.insert(session(1));
    expect(() => sessions.move('session-1', 'active', 'releasing', {})).toThrow(/no longer active/);
    expect(() => sessions.insert(session(1))).toThrow();
  });

  test('pages by creation in both orders, with cursors and filters', () => {
    const db = openDatabase(':memory:');
    const sessions = sessionStore(db);
    for (let n = 1; n <= 7; n++) sessions.insert(session(n));
    const ids = (query: Parameters<typeof sessions.page>[0], filter = {}) => {
      const page = sessions.page(query, filter);
      expect(page.first_id).toBe(page.data[0]?.sessionId ?? null);
      expect(page.last_id).toBe(page.data.at(-1)?.sessionId ?? null);
      return [page.data.map((row) => Number(row.sessionId.slice(8))), page.has_more];
    };
    expect(ids({ limit: 3, order: 'asc' })).toEqual([[1, 2, 3], true]);
    expect(ids({ limit: 3, order: 'asc', after: 'session-5' })).toEqual([[6, 7], false]);
    expect(ids({ limit: 3, order: 'asc', before: 'session-5' })).toEqual([[2, 3, 4], true]);
    expect(ids({ limit: 3, order: 'asc', before: 'session-4' })).toEqual([[1, 2, 3], false]);
    expect(ids({ limit: 3, order: 'desc' })).toEqual([[7, 6, 5], true]);
    expect(ids({ limit: 3, order: 'desc', after: 'session-3' })).toEqual([[2, 1], false]);
    expect(ids({ limit: 2, order: 'desc', before: 'session-3' })).toEqual([[5, 4], true]);
    expect(ids({ limit: 9, order: 'asc' }, { caller: 'odd' })).toEqual([[1, 3, 5, 7], false]);
    sessions.remove('session-1');
    expect(ids({ limit: 9, order: 'asc' }, { live: true, caller: 'odd' })).toEqual([[3, 5, 7], false]);
    expect(() => sessions.page({ limit: 3, order: 'asc', after: 'nobody-here' }, {})).toThrow(/names nothing/);
  });

  test('a row that was tampered with is not believed', () => {
    const db = openDatabase(':memory:');
    sessionStore(db).insert(session(1));
    sql(db, `UPDATE sessions SET labels = '[1]'`).run();
    expect(() => sessionStore(db).get('session-1')).toThrow();
  });
});

describe('tokens', () => {
  const token: NewToken = {
    tokenId: 't1',
    secret: 'wh_'.padEnd(46, 'x'),
    name: 'claude',
    role: 'agent',
    pools: ['desktop'],
    createdAt: at,
  };

  test('only the hash is kept, and withdrawal holds at once', () => {
    const file = join(folder(), 'wheelhouse.db');
    const db = openDatabase(file);
    const tokens = tokenStore(db);
    tokens.create(token);
    expect(tokens.find(token.secret)).toMatchObject({
      tokenId: 't1',
      name: 'claude',
      role: 'agent',
      pools: ['desktop'],
    });
    expect(tokens.find('wh_other')).toBeUndefined();
    expect(() => tokens.create({ ...token, tokenId: 't2', secret: 'other' })).toThrow(/named/);
    const other = openDatabase(file);
    tokenStore(other).withdraw('t1', at);
    other.close();
    expect(tokens.find(token.secret)).toBeUndefined();
    expect(() => tokens.withdraw('t1', at)).toThrow(/no such token/);
    expect(tokens.create({ ...token, tokenId: 't2', secret: 'wh_second' }).name).toBe('claude');
    db.close();
    expect(readFileSync(file).includes(token.secret)).toBe(false);
  });

  test('first facts stay the first', () => {
    const tokens = tokenStore(openDatabase(':memory:'));
    tokens.create(token);
    expect(tokens.note('t1', at, { reached: true })).toBe(true);
    expect(tokens.note('t1', '2027-01-01T00:00:00.000Z', { reached: true, accepted: true, client: 'sdk 1' })).toBe(
      true,
    );
    expect(tokens.note('t1', '2028-01-01T00:00:00.000Z', { tool: 'click' })).toBe(true);
    expect(tokens.note('t1', '2029-01-01T00:00:00.000Z', { reached: true, tool: 'type_text', client: 'sdk 2' })).toBe(
      false,
    );
    expect(tokens.progress('t1')).toEqual({
      tokenId: 't1',
      reachedAt: at,
      acceptedAt: '2027-01-01T00:00:00.000Z',
      firstToolAt: '2028-01-01T00:00:00.000Z',
      firstTool: 'click',
      client: 'sdk 1',
    });
  });
});

test('settings are JSON, made once, and checked when read', () => {
  const settings = settingsStore(openDatabase(':memory:'));
  expect(settings.getOrMake('installationId', z.string(), () => 'one')).toBe('one');
  expect(settings.getOrMake('installationId', z.string(), () => 'two')).toBe('one');
  settings.set('theme', 'dark');
  expect(settings.get('theme', z.enum(['dark', 'light']))).toBe('dark');
  expect(settings.get('theme', z.number())).toBeUndefined();
  expect(settings.get('nothing', z.string())).toBeUndefined();
});
