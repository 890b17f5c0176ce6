import { mkdirSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';
import { WheelhouseError } from '../base/errors';
import { lockFile } from './dataDir';
import { readRuntime } from './runtime';

/** A connection that nobody holds is closed by the garbage collector, and its lock goes with it. */
const held = new Set<InstanceType<typeof DatabaseSync>>();

/**
 * One broker a data folder. The lock is an open exclusive transaction on a database of its own: the operating system
 * drops it with the process, however that ends, so that a crash leaves nothing to clean up and no process id can be
 * mistaken for another's. conflict when somebody else has it.
 */
export function lockDataDir(dataDir: string): { release(): void } {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(lockFile(dataDir));
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE;');
  } catch (error) {
    db.close();
    const pid = readRuntime(dataDir)?.pid;
    const who = pid === undefined ? 'Another Wheelhouse' : `Another Wheelhouse (process ${pid})`;
    throw new WheelhouseError(
      'conflict',
      `${who} is using ${dataDir}. Stop it, or choose another folder.`,
      {},
      {
        cause: error,
      },
    );
  }
  held.add(db);
  return {
    release() {
      held.delete(db);
      db.exec('ROLLBACK');
      db.close();
    },
  };
}
