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
