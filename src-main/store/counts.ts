import type { BackendKind, MachineState } from '@shared/pool';
import type { SessionStatus } from '@shared/session';
import { sql, type Database } from './database';

/** How many there are now, for figures; each is one read of a small table or an index. */
export function countStore(db: Database) {
  return {
    pools: () =>
      sql(
        db,
        "SELECT id, json_extract(spec, '$.backend') AS backend FROM pools WHERE deleting = 0 ORDER BY seq",
      ).all() as unknown as { id: string; backend: BackendKind }[],
    machines: () =>
      sql(
        db,
        'SELECT pool_id, backend, state, count(*) AS n FROM machines GROUP BY pool_id, backend, state',
      ).all() as unknown as { pool_id: string; backend: BackendKind; state: MachineState; n: number }[],
    /** Live ones. */
    sessions: () =>
      sql(
        db,
        'SELECT pool_id, status, count(*) AS n FROM sessions WHERE ended_at IS NULL GROUP BY pool_id, status',
      ).all() as unknown as { pool_id: string; status: SessionStatus; n: number }[],
  };
}
