import { sql, openDatabase } from '../../../src-main/store/database';
import { storeFile } from '../../../src-main/wheelhouse/dataDir';

export interface StoreFacts {
  machines: string[];
  homes: string[];
  problems: string[];
}

type Rows = Record<string, string | null>[];

/** Reads the store of a process that is dead, or beside one that lives, and says what can't be right in it. */
export function lookIntoStore(dataDir: string): StoreFacts {
  const db = openDatabase(storeFile(dataDir));
  try {
    const rows = (text: string): Rows => sql(db, text).all() as Rows;
    const problems: string[] = [];
    const { integrity_check: integrity } = sql(db, 'PRAGMA integrity_check').get() as { integrity_check: string };
    if (integrity !== 'ok') problems.push(`the database is damaged: ${integrity}`);
    const none = (what: string, text: string): void => {
      const found = rows(text);
      if (found.length > 0) problems.push(`${what}: ${JSON.stringify(found)}`);
    };
    none(
      'active without its machine',
      `SELECT s.id, m.state FROM sessions s LEFT JOIN machines m ON m.id = s.machine_id
      WHERE s.status = 'active' AND (m.state IS NOT 'leased' OR m.session_id IS NOT s.id)`,
    );
    none(
      'leased without a session',
      `SELECT m.id, s.status FROM machines m LEFT JOIN sessions s ON s.id = m.session_id
      WHERE m.state = 'leased' AND s.status IS NOT 'active' AND s.status IS NOT 'releasing' AND s.status IS NOT 'acquiring'`,
    );
    none(
      'two machines for one key',
      `SELECT coalesce(session_id, for_session) AS key FROM machines
      WHERE state IN ('creating', 'starting', 'ready', 'leased') AND key IS NOT NULL GROUP BY key HAVING count(*) > 1`,
    );
    none(
      'two machines with one home',
      `SELECT home_id FROM machines WHERE state IN ('creating', 'starting', 'ready', 'leased')
      AND home_id IS NOT NULL GROUP BY home_id HAVING count(*) > 1`,
    );
    none(
      'suspended without its home',
      `SELECT s.id FROM sessions s LEFT JOIN homes h ON h.id = s.home_id AND h.session_id = s.id
      WHERE s.status = 'idle' AND h.id IS NULL`,
    );
    const ids = (text: string): string[] => rows(text).map((row) => row['id'] ?? '');
    return {
      machines: ids('SELECT id FROM machines ORDER BY id'),
      homes: ids('SELECT id FROM homes ORDER BY id'),
      problems,
    };
  } finally {
    db.close();
  }
}
