import type { UsageGroup } from '@shared/usage';
import { sql, transaction, type Database } from './database';

export const hourMs = 3_600_000;

/** What one session used in one hour since it was written last. */
export interface UsageDelta {
  sessionId: string;
  hour: number;
  poolId: string;
  caller: string;
  calls: number;
  wallMs: number;
  activeMs: number;
  heldMs: number;
  pausedMs: number;
  suspendedMs: number;
  checkpointBytes: number;
  /** Hashes of pictures: their sizes are looked up as it is written. */
  frames: ReadonlySet<string>;
}

export interface UsageSum {
  key: string;
  name: string | null;
  pool_id: string | null;
  caller: string | null;
  sessions: number;
  calls: number;
  wall_ms: number;
  active_ms: number;
  held_ms: number;
  paused_ms: number;
  suspended_ms: number;
  record_bytes: number;
  checkpoint_bytes: number;
}

/** Hours: `from` inclusive, `to` exclusive. */
export interface UsageSpan {
  from: number;
  to: number;
  poolId?: string;
}

const sums = `count(DISTINCT u.session_id) AS sessions, coalesce(sum(u.calls), 0) AS calls,
  coalesce(sum(u.wall_ms), 0) AS wall_ms, coalesce(sum(u.active_ms), 0) AS active_ms,
  coalesce(sum(u.held_ms), 0) AS held_ms, coalesce(sum(u.paused_ms), 0) AS paused_ms,
  coalesce(sum(u.suspended_ms), 0) AS suspended_ms, coalesce(sum(u.record_bytes), 0) AS record_bytes,
  coalesce(sum(u.checkpoint_bytes), 0) AS checkpoint_bytes`;
const span = 'u.hour >= ?1 AND u.hour < ?2 AND (?3 IS NULL OR u.pool_id = ?3)';

/** The rows of a group: its key, what people call it, and the columns that are the same in all of it. */
const groups: Record<UsageGroup, string> = {
  session: `SELECT u.session_id AS key, max(s.name) AS name, max(u.pool_id) AS pool_id, max(u.caller) AS caller, ${sums}
    FROM usage u LEFT JOIN sessions s ON s.id = u.session_id WHERE ${span}
    GROUP BY u.session_id ORDER BY max(u.hour) DESC, max(s.seq) DESC LIMIT ?4`,
  pool: `SELECT u.pool_id AS key, max(json_extract(p.spec, '$.displayName')) AS name, u.pool_id AS pool_id,
    NULL AS caller, ${sums} FROM usage u LEFT JOIN pools p ON p.id = u.pool_id WHERE ${span}
    GROUP BY u.pool_id ORDER BY sum(u.wall_ms) DESC LIMIT ?4`,
  caller: `SELECT u.caller AS key, u.caller AS name, NULL AS pool_id, u.caller AS caller, ${sums}
    FROM usage u WHERE ${span} GROUP BY u.caller ORDER BY sum(u.wall_ms) DESC LIMIT ?4`,
};

export function usageStore(db: Database) {
  const sizeOf = (hash: string): number => {
    const row = sql(db, 'SELECT bytes FROM frames WHERE hash = ?').get(hash) as { bytes: number } | undefined;
    return row?.bytes ?? 0;
  };
  return {
    /** All of it in one commit, or none; throws what SQLite throws. */
    add(deltas: Iterable<UsageDelta>): void {
      transaction(db, () => {
        for (const delta of deltas) {
          let bytes = 0;
          for (const hash of delta.frames) bytes += sizeOf(hash);
          sql(
            db,
            `INSERT INTO usage (session_id, hour, pool_id, caller, calls, wall_ms, active_ms, held_ms, paused_ms,
               suspended_ms, record_bytes, checkpoint_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (session_id, hour) DO UPDATE SET calls = calls + excluded.calls,
               wall_ms = wall_ms + excluded.wall_ms, active_ms = active_ms + excluded.active_ms,
               held_ms = held_ms + excluded.held_ms, paused_ms = paused_ms + excluded.paused_ms,
               suspended_ms = suspended_ms + excluded.suspended_ms,
               record_bytes = record_bytes + excluded.record_bytes,
               checkpoint_bytes = checkpoint_bytes + excluded.checkpoint_bytes`,
          ).run(
            delta.sessionId,
            delta.hour,
            delta.poolId,
            delta.caller,
            delta.calls,
            delta.wallMs,
            delta.activeMs,
            delta.heldMs,
            delta.pausedMs,
            delta.suspendedMs,
            bytes,
            delta.checkpointBytes,
          );
        }
      });
    },
    /** Sessions newest first, pools and callers by their time; at most `limit`. */
    groups: (by: UsageGroup, { from, to, poolId }: UsageSpan, limit: number) =>
      sql(db, groups[by]).all(from, to, poolId ?? null, limit) as unknown as UsageSum[],
    total: ({ from, to, poolId }: UsageSpan) =>
      sql(db, `SELECT ${sums} FROM usage u WHERE ${span}`).get(from, to, poolId ?? null) as unknown as Omit<
        UsageSum,
        'key' | 'name' | 'pool_id' | 'caller'
      >,
  };
}
