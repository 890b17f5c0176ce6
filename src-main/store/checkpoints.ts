import type { Checkpoint } from '@shared/checkpoint';
import type { BackendKind } from '@shared/pool';
import { iso } from '../base/clock';
import { sql, type Database } from './database';

/** What is stored beside what is shown: whose state it is, and where it lies. */
export interface CheckpointRow {
  seq: number;
  id: string;
  session_id: string;
  machine_id: string;
  backend: BackendKind;
  name: string;
  cause: Checkpoint['cause'];
  created_by: string;
  created_at: number;
  state: Checkpoint['state'];
  reason: string | null;
  bytes: number | null;
  frame: string | null;
  after_action_id: string | null;
}

export const toCheckpoint = (row: CheckpointRow): Checkpoint => ({
  checkpointId: row.id,
  sessionId: row.session_id,
  name: row.name,
  cause: row.cause,
  createdBy: row.created_by,
  createdAt: iso(row.created_at),
  state: row.state,
  reason: row.reason,
  bytes: row.bytes,
  frame: row.frame,
  afterActionId: row.after_action_id,
});

type NewRow = Pick<
  CheckpointRow,
  'id' | 'session_id' | 'machine_id' | 'backend' | 'name' | 'cause' | 'created_by' | 'created_at' | 'after_action_id'
>;

/** Lists are in the order of creation. */
export function checkpointStore(db: Database) {
  const rows = (text: string, ...values: (string | number)[]) =>
    sql(db, text).all(...values) as unknown as CheckpointRow[];
  return {
    /** The intent: `saving`. Throws what SQLite throws; then nothing may be saved. */
    insert(row: NewRow): void {
      sql(
        db,
        `INSERT INTO checkpoints (id, session_id, machine_id, backend, name, cause, created_by, created_at,
           after_action_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        row.id,
        row.session_id,
        row.machine_id,
        row.backend,
        row.name,
        row.cause,
        row.created_by,
        row.created_at,
        row.after_action_id,
      );
    },
    ready: (id: string, bytes: number): void =>
      void sql(db, "UPDATE checkpoints SET state = 'ready', bytes = ? WHERE id = ? AND state = 'saving'").run(
        bytes,
        id,
      ),
    failed: (id: string, reason: string): void =>
      void sql(db, "UPDATE checkpoints SET state = 'failed', reason = ?, bytes = NULL WHERE id = ?").run(reason, id),
    setFrame: (id: string, hash: string): boolean =>
      Number(sql(db, 'UPDATE checkpoints SET frame = ? WHERE id = ?').run(hash, id).changes) === 1,
    /** True when there was one. */
    remove: (id: string): boolean => Number(sql(db, 'DELETE FROM checkpoints WHERE id = ?').run(id).changes) === 1,
    get: (id: string) => sql(db, 'SELECT * FROM checkpoints WHERE id = ?').get(id) as CheckpointRow | undefined,
    ofSession: (sessionId: string) => rows('SELECT * FROM checkpoints WHERE session_id = ? ORDER BY seq', sessionId),
    all: () => rows('SELECT * FROM checkpoints ORDER BY seq'),
    bytes: (): number =>
      (sql(db, 'SELECT coalesce(sum(bytes), 0) AS bytes FROM checkpoints').get() as { bytes: number }).bytes,
  };
}

/**
 * What agents and people did in the session after this action (or, when it is not known, after this time), by tool:
 * only what was done, or failed and may be half done.
 */
export function actionsAfter(
  db: Database,
  sessionId: string,
  actionId: string | null,
  at: number,
): { tool: string; count: number }[] {
  return sql(
    db,
    `SELECT tool, count(*) AS count FROM actions WHERE session_id = ?1 AND actor_kind IN ('agent', 'human')
       AND outcome IN ('done', 'failed')
       AND seq > coalesce((SELECT seq FROM actions WHERE id = ?2 AND session_id = ?1),
         (SELECT max(seq) FROM actions WHERE session_id = ?1 AND at <= ?3), 0)
     GROUP BY tool`,
  ).all(sessionId, actionId, at) as unknown as { tool: string; count: number }[];
}
