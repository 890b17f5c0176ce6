import { machineStates, poolDefaults } from '@shared/pool';
import { sessionStatuses } from '@shared/session';
import type { Migration } from '../migrations';

const oneOf = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(', ');
const firstPool = JSON.stringify({ displayName: 'Desktop', ...poolDefaults }).replaceAll("'", "''");

/**
 * Pools, machines, sessions, tokens, settings. The rules that must hold whatever the code does are the database's own:
 * a session has at most one machine and a machine at most one session, and only a leased machine has one.
 */
export const pools: Migration = {
  version: 1,
  name: 'pools',
  sql: `
CREATE TABLE pools (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  spec TEXT NOT NULL CHECK (json_valid(spec)),
  deleting INTEGER NOT NULL DEFAULT 0 CHECK (deleting IN (0, 1)),
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE machines (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  pool_id TEXT NOT NULL REFERENCES pools (id),
  backend TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN (${oneOf(machineStates)})),
  image TEXT NOT NULL,
  size TEXT NOT NULL CHECK (json_valid(size)),
  secret TEXT NOT NULL,
  boot_id TEXT,
  session_id TEXT UNIQUE,
  reason TEXT,
  since TEXT NOT NULL,
  created_at TEXT NOT NULL,
  CHECK ((state = 'leased') = (session_id IS NOT NULL))
) STRICT;
CREATE INDEX machines_pool ON machines (pool_id, state);

CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  computer_id TEXT NOT NULL UNIQUE,
  pool_id TEXT NOT NULL,
  machine_id TEXT,
  status TEXT NOT NULL CHECK (status IN (${oneOf(sessionStatuses)})),
  parameters_hash TEXT NOT NULL CHECK (length(parameters_hash) = 64),
  name TEXT NOT NULL,
  agent TEXT NOT NULL,
  caller TEXT NOT NULL,
  labels TEXT NOT NULL CHECK (json_valid(labels)),
  reason TEXT,
  created_at TEXT NOT NULL,
  last_activity_at TEXT NOT NULL,
  ended_at TEXT,
  CHECK ((status IN ('released', 'failed', 'expired')) = (ended_at IS NOT NULL)),
  CHECK (status NOT IN ('active', 'releasing') OR machine_id IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX sessions_machine ON sessions (machine_id) WHERE machine_id IS NOT NULL AND ended_at IS NULL;
CREATE INDEX sessions_live ON sessions (seq) WHERE ended_at IS NULL;
CREATE INDEX sessions_caller ON sessions (caller, seq);

CREATE TABLE tokens (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  hash TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('agent', 'operator', 'admin')),
  pools TEXT NOT NULL CHECK (json_valid(pools)),
  created_at TEXT NOT NULL,
  last_used_at TEXT,
  withdrawn_at TEXT,
  reached_at TEXT,
  accepted_at TEXT,
  first_tool_at TEXT,
  first_tool TEXT,
  client TEXT
) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE withdrawn_at IS NULL;

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT, WITHOUT ROWID;

INSERT INTO pools (id, spec, created_at) VALUES ('desktop', '${firstPool}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));
`,
};
