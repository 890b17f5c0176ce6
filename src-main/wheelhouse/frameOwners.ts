import { sql, type Database } from '../store/database';

/** Whether a frame appears in the record, or on a checkpoint, of a session of this caller. Reads that caller's rows alone, by index. */
export const ownsFrame = (db: Database, caller: string, hash: string): boolean =>
  sql(
    db,
    `SELECT 1 FROM sessions JOIN actions ON actions.session_id = sessions.id
     WHERE sessions.caller = ?1 AND (actions.frame_before = ?2 OR actions.frame_after = ?2)
     UNION ALL SELECT 1 FROM sessions JOIN checkpoints ON checkpoints.session_id = sessions.id
     WHERE sessions.caller = ?1 AND checkpoints.frame = ?2 LIMIT 1`,
  ).get(caller, hash) !== undefined;

/** The newest picture on a session's record that is still kept. */
export function lastFrameOf(db: Database, sessionId: string): { hash: string; at: string } | null {
  const row = sql(
    db,
    `SELECT frames.hash AS hash, actions.at AS at FROM actions
     JOIN frames ON frames.hash = coalesce(actions.frame_after, actions.frame_before)
     WHERE actions.session_id = ? ORDER BY actions.seq DESC LIMIT 1`,
  ).get(sessionId) as { hash: string; at: number } | undefined;
  return row === undefined ? null : { hash: row.hash, at: new Date(row.at).toISOString() };
}
