import type { Migration } from '../migrations';

/**
 * What each session used in each hour (`hour`: hours since 1970, UTC). Rows are only ever added to. Times are
 * milliseconds by a clock that neither jumps nor counts sleep.
 */
export const usage: Migration = {
  version: 5,
  name: 'usage',
  sql: `
CREATE TABLE usage (
  session_id TEXT NOT NULL,
  hour INTEGER NOT NULL,
  pool_id TEXT NOT NULL,
  caller TEXT NOT NULL,
  calls INTEGER NOT NULL DEFAULT 0,
  wall_ms REAL NOT NULL DEFAULT 0,
  active_ms REAL NOT NULL DEFAULT 0,
  held_ms REAL NOT NULL DEFAULT 0,
  paused_ms REAL NOT NULL DEFAULT 0,
  suspended_ms REAL NOT NULL DEFAULT 0,
  record_bytes INTEGER NOT NULL DEFAULT 0,
  checkpoint_bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (session_id, hour)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_hour ON usage (hour);
`,
};
