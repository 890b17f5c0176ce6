import type { Database } from './database';

export interface ActionRow {
  seq: number;
  id: string;
  session_id: string;
  at: number;
  actor_kind: string;
  actor_name: string;
  epoch: number;
  tool: string;
  arguments: string;
  words: string;
  point_x: number | null;
  point_y: number | null;
  previous_hash: string;
  hash: string;
  outcome: string;
  code: string | null;
  message: string | null;
  outcome_words: string | null;
  duration_ms: number | null;
  outcome_hash: string | null;
  frame_before: string | null;
  frame_after: string | null;
}

export type LinkKind = 'intent' | 'outcome' | 'before' | 'after';
export interface LinkRow {
  n: number;
  kind: LinkKind;
  action_id: string;
  hash: string;
}

export type OutcomeRow = Pick<
  ActionRow,
  'id' | 'outcome' | 'code' | 'message' | 'outcome_words' | 'duration_ms' | 'outcome_hash'
>;

export interface ListActions {
  sessionId: string;
  limit: number;
  descending: boolean;
  /** Only rows with a higher, or lower, sequence number. */
  above?: number;
  below?: number;
  q?: string;
}

const escapeLike = (text: string): string => text.replace(/[\\%_]/g, (sign) => `\\${sign}`);

/** Actions, the links of their chain, and the frames they name. Callers wrap what belongs together in `transaction`. */
export function actionStore(db: Database) {
  const insert = db.prepare(
    `INSERT INTO actions (id, session_id, at, actor_kind, actor_name, epoch, tool, arguments, words, point_x, point_y,
       previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const outcome = db.prepare(
    `UPDATE actions SET outcome = ?, code = ?, message = ?, outcome_words = ?, duration_ms = ?, outcome_hash = ?
     WHERE id = ? AND outcome = 'pending'`,
  );
  const frame = {
    before: db.prepare('UPDATE actions SET frame_before = ? WHERE id = ? AND frame_before IS NULL'),
    after: db.prepare('UPDATE actions SET frame_after = ? WHERE id = ? AND frame_after IS NULL'),
  };
  const head = db.prepare('SELECT n, hash FROM links WHERE session_id = ? ORDER BY n DESC LIMIT 1');
  const link = db.prepare('INSERT INTO links (session_id, n, kind, action_id, hash) VALUES (?, ?, ?, ?, ?)');
  const links = db.prepare('SELECT n, kind, action_id, hash FROM links WHERE session_id = ? ORDER BY n');
  const get = db.prepare('SELECT * FROM actions WHERE id = ?');
  const ofSession = db.prepare('SELECT * FROM actions WHERE session_id = ? ORDER BY seq');
  const pending = db.prepare("SELECT * FROM actions WHERE outcome = 'pending' ORDER BY seq");

  return {
    insert(row: Omit<ActionRow, 'seq' | keyof Omit<OutcomeRow, 'id'> | 'frame_before' | 'frame_after'>): void {
      insert.run(
        row.id,
        row.session_id,
        row.at,
        row.actor_kind,
        row.actor_name,
        row.epoch,
        row.tool,
        row.arguments,
        row.words,
        row.point_x,
        row.point_y,
        row.previous_hash,
        row.hash,
      );
    },
    /** Once only: a row that has an outcome keeps it. Returns whether it was written. */
    setOutcome(row: OutcomeRow): boolean {
      const done = outcome.run(
        row.outcome,
        row.code,
        row.message,
        row.outcome_words,
        row.duration_ms,
        row.outcome_hash,
        row.id,
      );
      return Number(done.changes) === 1;
    },
    setFrame: (id: string, side: 'before' | 'after', hash: string): boolean =>
      Number(frame[side].run(hash, id).changes) === 1,
    head: (sessionId: string) => head.get(sessionId) as { n: number; hash: string } | undefined,
    addLink(sessionId: string, row: LinkRow): void {
      link.run(sessionId, row.n, row.kind, row.action_id, row.hash);
    },
    links: (sessionId: string) => links.all(sessionId) as unknown as LinkRow[],
    get: (id: string) => get.get(id) as ActionRow | undefined,
    ofSession: (sessionId: string) => ofSession.all(sessionId) as unknown as ActionRow[],
    pending: () => pending.all() as unknown as ActionRow[],
    list(query: ListActions): ActionRow[] {
      const where = ['session_id = ?'];
      const values: (string | number)[] = [query.sessionId];
      const bound = (condition: string, seq: number | undefined): void => {
        if (seq === undefined) return;
        where.push(condition);
        values.push(seq);
      };
      bound('seq > ?', query.above);
      bound('seq < ?', query.below);
      if (query.q) {
        const like = `%${escapeLike(query.q)}%`;
        const columns = ['words', 'outcome_words', 'tool', 'arguments', 'code', 'message'];
        where.push(`(${columns.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(' OR ')})`);
        values.push(...columns.map(() => like));
      }
      const sql = `SELECT * FROM actions WHERE ${where.join(' AND ')} ORDER BY seq ${query.descending ? 'DESC' : 'ASC'} LIMIT ?`;
      return db.prepare(sql).all(...values, query.limit) as unknown as ActionRow[];
    },
  };
}
export type ActionStore = ReturnType<typeof actionStore>;

/** The picture files that are kept, for the bound on their bytes. */
export function frameStore(db: Database) {
  const keep = db.prepare(
    'INSERT INTO frames (hash, bytes, at) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET at = excluded.at',
  );
  const drop = db.prepare('DELETE FROM frames WHERE hash = ?');
  const has = db.prepare('SELECT 1 FROM frames WHERE hash = ?');
  const total = db.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM frames');
  const oldest = db.prepare('SELECT hash, bytes FROM frames ORDER BY at, hash LIMIT ?');
  return {
    /** Also renews the age of one that is used again. */
    keep: (hash: string, bytes: number, at: number): void => void keep.run(hash, bytes, at),
    drop: (hash: string): void => void drop.run(hash),
    has: (hash: string): boolean => has.get(hash) !== undefined,
    bytes: (): number => (total.get() as { bytes: number }).bytes,
    oldest: (limit: number) => oldest.all(limit) as unknown as { hash: string; bytes: number }[],
  };
}
