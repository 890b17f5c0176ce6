import type { Migration } from '../migrations';

/**
 * Control, actions, the audit chain, frames, attention.
 *
 * A control row holds the lease as it was last intended; `detail` is its JSON (src-main/control/lease.ts), the columns
 * beside it are for looking. An action row is never deleted. `links` is the order of the audit chain: one link for
 * every intent, outcome and frame of a session, each hashed over the link before it (src-main/timeline/chain.ts).
 * `frames` lists the picture files; a file may be dropped to make room, its hash in `actions` stays.
 * Times are wall-clock milliseconds.
 */
export const record: Migration = {
  version: 2,
  name: 'record',
  sql: `
CREATE TABLE controls (
  session_id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  holder TEXT,
  epoch INTEGER NOT NULL CHECK (epoch >= 1),
  detail TEXT NOT NULL,
  handback TEXT,
  closed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE actions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  actor_kind TEXT NOT NULL,
  actor_name TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  tool TEXT NOT NULL,
  arguments TEXT NOT NULL,
  words TEXT NOT NULL,
  point_x INTEGER,
  point_y INTEGER,
  previous_hash TEXT NOT NULL,
  hash TEXT NOT NULL,
  outcome TEXT NOT NULL DEFAULT 'pending',
  code TEXT,
  message TEXT,
  outcome_words TEXT,
  duration_ms REAL,
  outcome_hash TEXT,
  frame_before TEXT,
  frame_after TEXT
) STRICT;
CREATE INDEX actions_by_session ON actions (session_id, seq);
CREATE INDEX actions_pending ON actions (seq) WHERE outcome = 'pending';

CREATE TABLE links (
  session_id TEXT NOT NULL,
  n INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('intent', 'outcome', 'before', 'after')),
  action_id TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (session_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE frames (
  hash TEXT PRIMARY KEY,
  bytes INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX frames_by_age ON frames (at);

CREATE TABLE attention (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  session_id TEXT,
  pool_id TEXT,
  title TEXT NOT NULL,
  why TEXT NOT NULL,
  urgency TEXT NOT NULL,
  at INTEGER NOT NULL,
  deadline INTEGER,
  state TEXT NOT NULL,
  answered_by TEXT,
  answer TEXT
) STRICT;
CREATE INDEX attention_open ON attention (at) WHERE state IN ('waiting', 'taken');
`,
};
