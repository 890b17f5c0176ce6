import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';

/** One durable row in a database of its own, with the store's settings: what the disk alone asks for at this moment. */
export class BareCommit {
  private readonly db: InstanceType<typeof DatabaseSync>;
  private readonly insert;
  readonly samples: number[] = [];

  constructor(folder: string) {
    this.db = new DatabaseSync(join(folder, 'bare.db'));
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000;');
    this.db.exec('CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT');
    this.insert = this.db.prepare('INSERT INTO rows (text) VALUES (?)');
  }
  sample(): void {
    const start = performance.now();
    this.insert.run('x'.repeat(300));
    this.samples.push(performance.now() - start);
  }
  close(): void {
    this.db.close();
  }
}
