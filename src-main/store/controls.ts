import type { Database } from './database';

export interface ControlRow {
  sessionId: string;
  kind: string;
  holder: string | null;
  epoch: number;
  /** The lease as JSON. */
  detail: string;
  /** The hand-back the agent has not been told yet, as JSON. */
  handback: string | null;
  closed: boolean;
}

/** Who may act, as last intended: one row a session, written before the machine is told. */
export function controlStore(db: Database) {
  const load = db.prepare('SELECT * FROM controls WHERE session_id = ?');
  const save = db.prepare(
    `INSERT INTO controls (session_id, kind, holder, epoch, detail, handback, closed) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (session_id) DO UPDATE SET kind = excluded.kind, holder = excluded.holder, epoch = excluded.epoch,
       detail = excluded.detail, handback = excluded.handback, closed = excluded.closed`,
  );
  return {
    load(sessionId: string): ControlRow | null {
      const row = load.get(sessionId) as
        | {
            session_id: string;
            kind: string;
            holder: string | null;
            epoch: number;
            detail: string;
            handback: string | null;
            closed: number;
          }
        | undefined;
      return row ? { ...row, sessionId: row.session_id, closed: row.closed === 1 } : null;
    },
    /** One commit. Throws what SQLite throws (a full disk, say): the change must then not take place. */
    save(row: ControlRow): void {
      save.run(row.sessionId, row.kind, row.holder, row.epoch, row.detail, row.handback, row.closed ? 1 : 0);
    },
  };
}
