import type { Migration } from '../migrations';

/**
 * Saved moments of sessions. A row stands before the machine is stopped for it (`saving`) and goes before its files do,
 * so that what lies on a backend without a row is nobody's. `backend` and `machine_id`: where they lie, and whose state
 * they are, also when the machine is gone. `seq` is the order of creation. Times are wall-clock milliseconds.
 */
export const checkpoints: Migration = {
  version: 3,
  name: 'checkpoints',
  sql: `
CREATE TABLE checkpoints (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  backend TEXT NOT NULL,
  name TEXT NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('agent', 'operator', 'takeover', 'command')),
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'saving' CHECK (state IN ('saving', 'ready', 'failed')),
  reason TEXT,
  bytes INTEGER,
  frame TEXT,
  after_action_id TEXT
) STRICT;
CREATE INDEX checkpoints_by_session ON checkpoints (session_id, seq);
`,
};
