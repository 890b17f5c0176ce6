import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import { sql, type Database } from './database';

/** Looks this often; two looks without a change between them are a quiet moment. Milliseconds. */
const lookEveryMs = 500;
/** Changed rows that are worth a checkpoint. */
const worthIt = 300;

/**
 * SQLite checkpoints on the commit that fills the log, so that one lease or click in a few hundred waits for the whole
 * log to be copied and flushed. Here that is done when nobody commits; the log's own limit (database.ts) stands behind it
 * for a broker that is never quiet. Returns the disposer.
 */
export function checkpointWhenQuiet(db: Database, clock: Clock, logger: Logger): () => void {
  const changes = (): number => Number((sql(db, 'SELECT total_changes() AS n').get() as { n: number }).n);
  let done = changes();
  let before = done;
  let stop = clock.after(lookEveryMs, look);
  function look(): void {
    stop = clock.after(lookEveryMs, look);
    const now = changes();
    const quiet = now === before;
    before = now;
    if (!quiet || now - done < worthIt) return;
    done = now;
    try {
      db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      logger.warn({ err: error }, 'the store’s log could not be written back; it grows until it can');
    }
  }
  return () => stop();
}
