import type { Attention } from '@shared/action';
import { iso } from '../base/clock';
import type { Database } from './database';

/** What is stored of a call; the note for persons is not among it. */
export type StoredAttention = Omit<Attention, 'personNote'>;

interface Row {
  id: string;
  kind: Attention['kind'];
  session_id: string | null;
  pool_id: string | null;
  title: string;
  why: string;
  urgency: Attention['urgency'];
  at: number;
  deadline: number | null;
  state: Attention['state'];
  answered_by: string | null;
  answer: string | null;
}

const toAttention = (row: Row): StoredAttention => ({
  id: row.id,
  kind: row.kind,
  sessionId: row.session_id,
  poolId: row.pool_id,
  title: row.title,
  why: row.why,
  urgency: row.urgency,
  at: iso(row.at),
  deadline: row.deadline === null ? null : iso(row.deadline),
  state: row.state,
  answeredBy: row.answered_by,
  answer: row.answer,
});

/** Calls for a person. */
export function attentionStore(db: Database) {
  const insert = db.prepare(
    `INSERT INTO attention (id, kind, session_id, pool_id, title, why, urgency, at, deadline, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')`,
  );
  const update = db.prepare('UPDATE attention SET state = ?, answered_by = ?, answer = ?, deadline = ? WHERE id = ?');
  const get = db.prepare('SELECT * FROM attention WHERE id = ?');
  const open = db.prepare(
    `SELECT * FROM attention WHERE state IN ('waiting', 'taken')
     ORDER BY CASE urgency WHEN 'now' THEN 0 WHEN 'soon' THEN 1 ELSE 2 END, at, id`,
  );
  return {
    insert(item: StoredAttention): void {
      const deadline = item.deadline === null ? null : Date.parse(item.deadline);
      insert.run(
        item.id,
        item.kind,
        item.sessionId,
        item.poolId,
        item.title,
        item.why,
        item.urgency,
        Date.parse(item.at),
        deadline,
      );
    },
    update(item: StoredAttention): void {
      const deadline = item.deadline === null ? null : Date.parse(item.deadline);
      update.run(item.state, item.answeredBy, item.answer, deadline, item.id);
    },
    get(id: string): StoredAttention | null {
      const row = get.get(id) as Row | undefined;
      return row ? toAttention(row) : null;
    },
    /** Waiting and taken: the most urgent first, among equals the oldest. */
    open: (): StoredAttention[] => (open.all() as unknown as Row[]).map(toAttention),
  };
}
