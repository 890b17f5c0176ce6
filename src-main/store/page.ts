import type { Page } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import { sql, type Database } from './database';

export interface PageQuery {
  limit: number;
  order: 'asc' | 'desc';
  after?: string;
  before?: string;
}

export interface PageSource<T> {
  /** A table with `seq` (creation order) and `id`. */
  table: string;
  columns: string;
  /** Conditions with their parameters, already safe: never text from outside. */
  where: readonly { text: string; values: readonly (string | number)[] }[];
  row: (row: unknown) => T;
  id: (item: T) => string;
}

/**
 * One page by creation order. `after` goes on in the list's own direction, `before` gives the page that ends there;
 * `has_more` says whether there is more in the direction that was asked for. bad_request when the cursor names nothing.
 */
export function readPage<T>(db: Database, source: PageSource<T>, query: PageQuery): Page<T> {
  const cursorId = query.after ?? query.before;
  const back = query.after === undefined && query.before !== undefined;
  const rising = (query.order === 'asc') !== back;
  const clauses = source.where.map((clause) => clause.text);
  const values = source.where.flatMap((clause) => clause.values);
  if (cursorId !== undefined) {
    const cursor = sql(db, `SELECT seq FROM ${source.table} WHERE id = ?`).get(cursorId) as { seq: number } | undefined;
    if (!cursor) {
      const path = back ? 'before' : 'after';
      throw new WheelhouseError('bad_request', `\`${path}\` names nothing in this list.`, {
        details: [{ path, message: 'unknown id' }],
      });
    }
    clauses.push(rising ? 'seq > ?' : 'seq < ?');
    values.push(cursor.seq);
  }
  const filter = clauses.length > 0 ? `WHERE ${clauses.join(' AND ')}` : '';
  const rows = sql(
    db,
    `SELECT ${source.columns} FROM ${source.table} ${filter} ORDER BY seq ${rising ? 'ASC' : 'DESC'} LIMIT ?`,
  ).all(...values, query.limit + 1);
  const data = rows.slice(0, query.limit).map(source.row);
  if (back) data.reverse();
  const first = data[0];
  const last = data.at(-1);
  return {
    data,
    first_id: first === undefined ? null : source.id(first),
    last_id: last === undefined ? null : source.id(last),
    has_more: rows.length > query.limit,
  };
}
