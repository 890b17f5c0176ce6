import type { Migration } from '../migrations';

/**
 * Homes that outlive machines, and what suspended sessions need. A home's row stands before its disk is made and goes
 * after the disk has gone, so that a disk without a row is never one that we forgot to write down, and is never removed
 * by itself. `caller` and `session_id` are empty while its machine is warm and nobody has had it; such a home goes with
 * its machine. `used_ms` and `now` of expiry are counted time (see the broker's clock for days), not the wall's.
 * machines: `home_id` is the home it was made with, `trouble` and `kept_until` belong to quarantined ones.
 */
export const homes: Migration = {
  version: 6,
  name: 'homes',
  sql: `
CREATE TABLE homes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  pool_id TEXT NOT NULL,
  backend TEXT NOT NULL,
  caller TEXT,
  keep INTEGER NOT NULL DEFAULT 0 CHECK (keep IN (0, 1)),
  session_id TEXT,
  quota_mib INTEGER NOT NULL,
  expires_after_days INTEGER NOT NULL,
  deleting INTEGER NOT NULL DEFAULT 0 CHECK (deleting IN (0, 1)),
  reason TEXT,
  bytes INTEGER,
  used_ms INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX homes_session ON homes (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX homes_pool ON homes (pool_id, seq);
CREATE INDEX homes_deleting ON homes (seq) WHERE deleting = 1;

ALTER TABLE sessions ADD COLUMN home_id TEXT;
ALTER TABLE sessions ADD COLUMN idle_seconds INTEGER;
ALTER TABLE sessions ADD COLUMN suspended_at TEXT;
ALTER TABLE sessions ADD COLUMN suspended_ms INTEGER;
ALTER TABLE sessions ADD COLUMN saved_as TEXT;
ALTER TABLE sessions ADD COLUMN size TEXT CHECK (size IS NULL OR json_valid(size));

ALTER TABLE machines ADD COLUMN home_id TEXT;
ALTER TABLE machines ADD COLUMN trouble TEXT;
ALTER TABLE machines ADD COLUMN kept_until TEXT;
`,
};
