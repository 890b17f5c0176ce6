import { z } from 'zod';
import { poolSpecSchema } from '@shared/pool';
import { idSchema, timeSchema } from '@shared/ids';
import { sql, type Database } from './database';

type Spec = z.output<typeof poolSpecSchema>;

/** Pools are read on the way of every call and change rarely: the same text, by pool, is judged once. */
const judged = new Map<string, string>();
function specOf(id: string, text: string): Spec {
  const value: unknown = JSON.parse(text);
  if (judged.get(id) === text) return value as Spec;
  const spec = poolSpecSchema.parse(value);
  if (JSON.stringify(spec) === text) judged.set(id, text);
  return spec;
}

const rowSchema = z
  .object({ id: idSchema, spec: z.string(), deleting: z.int(), created_at: timeSchema })
  .transform((row) => ({
    id: row.id,
    spec: specOf(row.id, row.spec),
    deleting: row.deleting === 1,
    createdAt: row.created_at,
  }));

/** What was asked for. A deleting pool stays until its last machine is gone, and is shown to nobody. */
export type PoolRow = z.output<typeof rowSchema>;

export interface PoolStore {
  all(): PoolRow[];
  get(id: string): PoolRow | undefined;
  insert(pool: Omit<PoolRow, 'deleting'>): void;
  setSpec(id: string, spec: PoolRow['spec']): void;
  markDeleting(id: string): void;
  remove(id: string): void;
}

const columns = 'id, spec, deleting, created_at';

export function poolStore(db: Database): PoolStore {
  return {
    all: () =>
      sql(db, `SELECT ${columns} FROM pools ORDER BY seq`)
        .all()
        .map((row) => rowSchema.parse(row)),
    get(id) {
      const row = sql(db, `SELECT ${columns} FROM pools WHERE id = ?`).get(id);
      return row === undefined ? undefined : rowSchema.parse(row);
    },
    insert(pool) {
      sql(db, 'INSERT INTO pools (id, spec, created_at) VALUES (?, ?, ?)').run(
        pool.id,
        JSON.stringify(pool.spec),
        pool.createdAt,
      );
    },
    setSpec: (id, spec) => void sql(db, 'UPDATE pools SET spec = ? WHERE id = ?').run(JSON.stringify(spec), id),
    markDeleting: (id) => void sql(db, 'UPDATE pools SET deleting = 1 WHERE id = ?').run(id),
    remove: (id) => void sql(db, 'DELETE FROM pools WHERE id = ?').run(id),
  };
}
