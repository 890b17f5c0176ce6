import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { migrations } from './migrations';

export type Database = DatabaseSync;

/**
 * Opens (or makes) the store: WAL, synchronous FULL (an acknowledged lease or audit row survives a power cut), and
 * every migration that is missing, each in its own transaction.
 */
export function openDatabase(file: string): Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 3000;');
  db.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL) STRICT');
  const done = new Set(
    db
      .prepare('SELECT version FROM migrations')
      .all()
      .map((row) => (row as { version: number }).version),
  );
  for (const migration of migrations) {
    if (done.has(migration.version)) continue;
    transaction(db, () => {
      db.exec(migration.sql);
      db.prepare('INSERT INTO migrations (version, name, at) VALUES (?, ?, ?)').run(
        migration.version,
        migration.name,
        new Date().toISOString(),
      );
    });
  }
  return db;
}

/** All or nothing. Nests: an inner call joins the outer transaction. */
const depth = new WeakMap<Database, number>();
export function transaction<T>(db: Database, work: () => T): T {
  const level = depth.get(db) ?? 0;
  if (level > 0) return work();
  db.exec('BEGIN IMMEDIATE');
  depth.set(db, 1);
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  } finally {
    depth.set(db, 0);
  }
}
