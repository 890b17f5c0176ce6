import { sql, type Database } from '../store/database';

/** Whether a frame appears in the record of a session of this caller. Reads that caller's actions alone, by index. */
export const ownsFrame = (db: Database, caller: string, hash: string): boolean =>
  sql(
    db,
    `SELECT 1 FROM sessions JOIN actions ON actions.session_id = sessions.id
     WHERE sessions.caller = ? AND (actions.frame_before = ? OR actions.frame_after = ?) LIMIT 1`,
  ).get(caller, hash, hash) !== undefined;
