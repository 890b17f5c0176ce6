import { z } from 'zod';
import { idSchema, sessionIdSchema, timeSchema } from '@shared/ids';
import { backendKindSchema } from '@shared/pool';
import { sql, type Database } from './database';

const rowSchema = z
  .object({
    id: idSchema,
    pool_id: idSchema,
    backend: backendKindSchema,
    caller: z.string().nullable(),
    keep: z.int(),
    session_id: sessionIdSchema.nullable(),
    quota_mib: z.int(),
    expires_after_days: z.int(),
    deleting: z.int(),
    reason: z.string().nullable(),
    bytes: z.int().nullable(),
    used_ms: z.int(),
    created_at: timeSchema,
    last_used_at: timeSchema,
  })
  .transform((row) => ({
    homeId: row.id,
    poolId: row.pool_id,
    backend: row.backend,
    /** Null: of a warm machine that nobody has had; it goes with its machine. */
    caller: row.caller,
    /** It stays when its session is released. */
    keep: row.keep === 1,
    sessionId: row.session_id,
    quotaMiB: row.quota_mib,
    expiresAfterDays: row.expires_after_days,
    deleting: row.deleting === 1,
    reason: row.reason,
    bytes: row.bytes,
    /** Counted time of its last use, in milliseconds. */
    usedMs: row.used_ms,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  }));
export type HomeRow = z.output<typeof rowSchema>;

export type NewHome = Omit<HomeRow, 'deleting' | 'reason' | 'bytes' | 'lastUsedAt'>;

/** Whose it is from now on, and how it is kept. */
export interface HomeUse extends Pick<HomeRow, 'keep' | 'expiresAfterDays' | 'usedMs'> {
  sessionId: string;
  caller: string;
  at: string;
}

export interface HomeStore {
  /** In the order they were made. */
  all(): HomeRow[];
  /** On their way out. */
  deleting(): HomeRow[];
  get(homeId: string): HomeRow | undefined;
  ofSession(sessionId: string): HomeRow | undefined;
  /** Of this caller in this pool, those on their way out included. */
  countOf(poolId: string, caller: string): number;
  insert(home: NewHome): void;
  /** A session gets it: compare-and-set, false when another has it or it is on its way out. */
  give(homeId: string, to: HomeUse): boolean;
  /** Its session has ended; nobody has it from now on. */
  takeBack(homeId: string, at: { usedMs: number; at: string }): void;
  used(homeId: string, at: { usedMs: number; at: string }): void;
  setBytes(homeId: string, bytes: number): void;
  /** The intent to delete it; nobody gets it from then on. */
  setDeleting(homeId: string, reason: string): void;
  remove(homeId: string): void;
}

const countSchema = z.object({ n: z.int() });
const columns =
  'id, pool_id, backend, caller, keep, session_id, quota_mib, expires_after_days, deleting, reason, bytes, used_ms, created_at, last_used_at';

export function homeStore(db: Database): HomeStore {
  const one = (where: string, value: string): HomeRow | undefined => {
    const row = sql(db, `SELECT ${columns} FROM homes WHERE ${where}`).get(value);
    return row === undefined ? undefined : rowSchema.parse(row);
  };
  return {
    all: () =>
      sql(db, `SELECT ${columns} FROM homes ORDER BY seq`)
        .all()
        .map((row) => rowSchema.parse(row)),
    deleting: () =>
      sql(db, `SELECT ${columns} FROM homes WHERE deleting = 1 ORDER BY seq`)
        .all()
        .map((row) => rowSchema.parse(row)),
    get: (homeId) => one('id = ?', homeId),
    ofSession: (sessionId) => one('session_id = ?', sessionId),
    countOf(poolId, caller) {
      const found = sql(db, 'SELECT count(*) AS n FROM homes WHERE pool_id = ? AND caller = ?').get(poolId, caller);
      return countSchema.parse(found).n;
    },
    insert(home) {
      sql(
        db,
        `INSERT INTO homes (id, pool_id, backend, caller, keep, session_id, quota_mib, expires_after_days, used_ms, created_at, last_used_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        home.homeId,
        home.poolId,
        home.backend,
        home.caller,
        home.keep ? 1 : 0,
        home.sessionId,
        home.quotaMiB,
        home.expiresAfterDays,
        Math.round(home.usedMs),
        home.createdAt,
        home.createdAt,
      );
    },
    give(homeId, { sessionId, caller, keep, expiresAfterDays, usedMs, at }) {
      const { changes } = sql(
        db,
        `UPDATE homes SET session_id = ?, caller = ?, keep = ?, expires_after_days = ?, used_ms = ?, last_used_at = ?
         WHERE id = ? AND deleting = 0 AND (session_id IS NULL OR session_id = ?)`,
      ).run(sessionId, caller, keep ? 1 : 0, expiresAfterDays, Math.round(usedMs), at, homeId, sessionId);
      return changes === 1;
    },
    takeBack: (homeId, { usedMs, at }) =>
      void sql(db, 'UPDATE homes SET session_id = NULL, used_ms = ?, last_used_at = ? WHERE id = ?').run(
        Math.round(usedMs),
        at,
        homeId,
      ),
    used: (homeId, { usedMs, at }) =>
      void sql(db, 'UPDATE homes SET used_ms = ?, last_used_at = ? WHERE id = ?').run(Math.round(usedMs), at, homeId),
    setBytes: (homeId, bytes) => void sql(db, 'UPDATE homes SET bytes = ? WHERE id = ?').run(Math.round(bytes), homeId),
    setDeleting: (homeId, reason) =>
      void sql(db, 'UPDATE homes SET deleting = 1, session_id = NULL, reason = ? WHERE id = ?').run(reason, homeId),
    remove: (homeId) => void sql(db, 'DELETE FROM homes WHERE id = ?').run(homeId),
  };
}
