import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { WheelhouseError } from '../base/errors';
import { migrations } from './migrations';

export type Database = InstanceType<typeof DatabaseSync>;
export type Statement = ReturnType<Database['prepare']>;

/** Of 4 KiB: the log is written back in a quiet moment (checkpoints.ts) or, at the latest, by the commit that gets here. */
const mostLogPages = 8000;

/**
 * Opens (or makes) the store: WAL, synchronous FULL (an acknowledged lease or audit row survives a power cut), and
 * every migration that is missing, each in its own transaction. The file holds link secrets, so only its owner may read
 * it. Two processes may open the same new store at once (`serve` and `token create`): each migration looks again inside
 * its own transaction. Throws `conflict` when the store was written by a newer version.
 */
export function openDatabase(file: string): Database {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file);
  if (file !== ':memory:') chmodSync(file, 0o600);
  db.exec(
    `PRAGMA busy_timeout = 3000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
     PRAGMA wal_autocheckpoint = ${mostLogPages};`,
  );
  db.exec(
    'CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL) STRICT',
  );
  for (const migration of migrations) {
    transaction(db, () => {
      if (sql(db, 'SELECT 1 FROM migrations WHERE version = ?').get(migration.version)) return;
      db.exec(migration.sql);
      sql(db, 'INSERT INTO migrations (version, name, at) VALUES (?, ?, ?)').run(
        migration.version,
        migration.name,
        new Date().toISOString(),
      );
    });
  }
  const { newest } = sql(db, 'SELECT max(version) AS newest FROM migrations').get() as { newest: number };
  const known = migrations.at(-1)?.version ?? 0;
  if (newest > known) {
    db.close();
    throw new WheelhouseError(
      'conflict',
      `This data folder was written by a newer Wheelhouse (store version ${newest}, this one knows ${known}). Update Wheelhouse, or use another data folder.`,
    );
  }
  return db;
}

/** A prepared statement, kept for the life of its database. */
const prepared = new WeakMap<Database, Map<string, Statement>>();
export function sql(db: Database, text: string): Statement {
  let statements = prepared.get(db);
  if (!statements) prepared.set(db, (statements = new Map()));
  let statement = statements.get(text);
  if (!statement) statements.set(text, (statement = db.prepare(text)));
  return statement;
}

/**
 * SQLite's refusals that no other statement would mend: read-only, I/O error, full, can't open. Primary result codes of
 * https://www.sqlite.org/rescode.html.
 */
const storeFaults: ReadonlySet<unknown> = new Set([8, 10, 13, 14]);
export const isStoreFault = (error: unknown): error is Error =>
  error instanceof Error && storeFaults.has(((error as { errcode?: number }).errcode ?? 0) & 0xff);

/** The last commit that the disk refused, until `probeStore` succeeds. */
const faults = new WeakMap<Database, Error>();
export const storeFault = (db: Database): Error | null => faults.get(db) ?? null;

/** Writes a row and commits it, as anybody would; true when the disk took it. */
export function probeStore(db: Database, at: string): boolean {
  try {
    transaction(db, () =>
      sql(
        db,
        "INSERT INTO settings (key, value) VALUES ('store.probed', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      ).run(JSON.stringify(at)),
    );
  } catch (error) {
    if (isStoreFault(error)) return false;
    throw error;
  }
  faults.delete(db);
  return true;
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
    if (db.isTransaction) db.exec('ROLLBACK');
    if (isStoreFault(error)) faults.set(db, error);
    throw error;
  } finally {
    depth.set(db, 0);
  }
}
