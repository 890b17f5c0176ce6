import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from './database';
import { homeStore, type HomeStore, type NewHome } from './homes';

const at = '2026-01-01T00:00:00.000Z';
const later = '2026-01-02T00:00:00.000Z';
let folder: string;
let db: Database;
let homes: HomeStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'homes-'));
  db = openDatabase(join(folder, 'wheelhouse.db'));
  homes = homeStore(db);
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const home = (homeId: string, change: Partial<NewHome> = {}): NewHome => ({
  homeId,
  poolId: 'desktop',
  backend: 'fake',
  caller: null,
  keep: false,
  sessionId: null,
  quotaMiB: 1024,
  expiresAfterDays: 30,
  usedMs: 10.4,
  createdAt: at,
  ...change,
});
const to = (sessionId: string) => ({
  sessionId,
  caller: 'claude',
  keep: true,
  expiresAfterDays: 7,
  usedMs: 20,
  at: later,
});

describe('homes', () => {
  test('are given once, taken back, and given again', () => {
    homes.insert(home('h_one'));
    expect(homes.get('h_one')).toMatchObject({ caller: null, sessionId: null, usedMs: 10, bytes: null });
    expect(homes.give('h_one', to('session-1'))).toBe(true);
    expect(homes.give('h_one', to('session-2'))).toBe(false);
    expect(homes.give('h_one', to('session-1'))).toBe(true);
    expect(homes.ofSession('session-1')).toMatchObject({
      homeId: 'h_one',
      caller: 'claude',
      keep: true,
      expiresAfterDays: 7,
    });
    homes.takeBack('h_one', { usedMs: 30, at: later });
    expect(homes.get('h_one')).toMatchObject({ sessionId: null, caller: 'claude', usedMs: 30, lastUsedAt: later });
    expect(homes.give('h_one', to('session-2'))).toBe(true);
  });

  test('a session has one, and one on its way out is nobody’s', () => {
    homes.insert(home('h_one'));
    homes.insert(home('h_two'));
    homes.give('h_one', to('session-1'));
    expect(() => homes.give('h_two', to('session-1'))).toThrow(/UNIQUE/);
    homes.setDeleting('h_two', 'An operator removed it.');
    expect(homes.give('h_two', to('session-2'))).toBe(false);
    homes.setBytes('h_one', 12.6);
    homes.used('h_one', { usedMs: 99, at: later });
    expect(homes.all().map((row) => [row.homeId, row.deleting, row.bytes, row.usedMs])).toEqual([
      ['h_one', false, 13, 99],
      ['h_two', true, null, 10],
    ]);
    homes.remove('h_two');
    expect(homes.get('h_two')).toBeUndefined();
  });
});
