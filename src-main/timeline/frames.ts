import { randomBytes, webcrypto } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import { frameStore } from '../store/actions';
import { transaction, type Database } from '../store/database';
import { gate } from './gate';

export interface FrameFiles {
  /** Stores a PNG by its content; returns its SHA-256. The same content is written once. Rejects when the disk refuses. */
  put(png: Buffer): Promise<string>;
  /** The file's path; not_found when it never was or was dropped to make room. */
  path(hash: string): string;
  /** Drops the oldest until the bound is kept; also files that no row knows. Runs by itself after writes. */
  trim(): Promise<void>;
  bytes(): number;
  /**
   * Enters the files written since the last time into the store, in one commit, together with what `beside` writes. Runs
   * by itself soon after a write; throws what SQLite throws, and tries again with the next.
   */
  record<T>(beside: () => T): T;
  /** Resolves when nothing is being written and every file is entered. */
  idle(): Promise<void>;
}

const hashPattern = /^[0-9a-f]{64}$/;
const minimumTrimEvery = 16 * 1024 * 1024;
/** A file whose row never came is swept at the next start, so the row may wait for company. */
const recordAfterMs = 200;

/** Off the loop: a busy page's PNG is a millisecond of hashing. */
const sha256 = async (bytes: Buffer): Promise<string> =>
  Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');

/**
 * Pictures beside the database: `frames/ab/<sha256>.png`. A file appears whole or not at all (written aside, flushed,
 * renamed). At most `concurrency` are written at once: flushing takes file threads, which encode
 * pictures too, and the disk, which commits wait for.
 * Only frames are ever dropped for room, never rows: an old row then has a hash without a picture.
 */
export function createFrames(deps: {
  db: Database;
  dataDir: string;
  clock: Clock;
  logger: Logger;
  maxBytes: number;
  concurrency?: number;
}): FrameFiles {
  const root = join(deps.dataDir, 'frames');
  const store = frameStore(deps.db);
  const writing = new Map<string, Promise<string>>();
  const enter = gate(deps.concurrency ?? 2);
  const unrecorded = new Map<string, { bytes: number; at: number }>();
  const folders = new Set<string>();
  let cancelRecord: (() => void) | null = null;
  let total = store.bytes();
  let sinceTrim = 0;
  let trimming: Promise<void> | null = null;

  const fileOf = (hash: string): string => join(root, hash.slice(0, 2), `${hash}.png`);

  const knows = (hash: string): boolean => unrecorded.has(hash) || store.has(hash);

  async function makeFolder(folder: string): Promise<void> {
    if (folders.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    folders.add(folder);
  }

  function record<T>(beside: () => T): T {
    cancelRecord?.();
    cancelRecord = null;
    const rows = [...unrecorded];
    const result = transaction(deps.db, () => {
      for (const [hash, { bytes, at }] of rows) store.keep(hash, bytes, at);
      return beside();
    });
    for (const [hash, row] of rows) if (unrecorded.get(hash) === row) unrecorded.delete(hash);
    return result;
  }

  function recordNow(): void {
    if (unrecorded.size === 0) return;
    try {
      record(() => {});
    } catch (error) {
      deps.logger.warn({ err: error, frames: unrecorded.size }, 'frames could not be entered into the store');
    }
  }

  async function write(hash: string, png: Buffer): Promise<string> {
    // a file that is being dropped must not be taken for one that stays
    while (trimming) await trimming;
    const file = fileOf(hash);
    if (!knows(hash) || !existsSync(file)) {
      await makeFolder(join(root, hash.slice(0, 2)));
      const aside = `${file}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        const handle = await open(aside, 'wx', 0o600);
        try {
          await handle.writeFile(png);
          await handle.datasync();
        } finally {
          await handle.close();
        }
        await rename(aside, file);
      } catch (error) {
        await unlink(aside).catch(() => {});
        throw error;
      }
    }
    const fresh = !knows(hash);
    unrecorded.set(hash, { bytes: png.length, at: deps.clock.now() });
    cancelRecord ??= deps.clock.after(recordAfterMs, recordNow);
    if (fresh) {
      total += png.length;
      sinceTrim += png.length;
      if (total > deps.maxBytes && sinceTrim > Math.min(minimumTrimEvery, deps.maxBytes / 20)) void trim();
    }
    return hash;
  }

  async function dropOldest(): Promise<void> {
    // a little below the bound, so that not every frame after it starts another round
    const target = deps.maxBytes * 0.95;
    record(() => {});
    while (total > target) {
      const batch = store.oldest(64);
      if (batch.length === 0) break;
      for (const frame of batch) {
        if (total <= target) break;
        if (writing.has(frame.hash)) return;
        await unlink(fileOf(frame.hash)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        });
        store.drop(frame.hash);
        total -= frame.bytes;
      }
    }
  }

  function trim(): Promise<void> {
    sinceTrim = 0;
    trimming ??= dropOldest()
      .catch((error: unknown) => deps.logger.warn({ err: error }, 'old frames could not be dropped'))
      .finally(() => (trimming = null));
    return trimming;
  }

  /** What a crash left: files written aside, and pictures whose row never came. */
  async function sweep(): Promise<void> {
    const cutoff = deps.clock.now() - 60_000;
    for (const folder of await readdir(root).catch(() => [] as string[])) {
      for (const name of await readdir(join(root, folder)).catch(() => [] as string[])) {
        if (name.endsWith('.png') && store.has(name.slice(0, -4))) continue;
        const file = join(root, folder, name);
        const found = await stat(file).catch(() => null);
        if (found?.isFile() && found.mtimeMs < cutoff) await unlink(file).catch(() => {});
      }
    }
  }

  return {
    record,
    async put(png) {
      const hash = await sha256(png);
      const running = writing.get(hash);
      if (running) return running;
      const done = enter(() => write(hash, png)).finally(() => writing.delete(hash));
      writing.set(hash, done);
      return done;
    },
    path(hash) {
      const file = fileOf(hash);
      if (!hashPattern.test(hash) || !existsSync(file)) {
        throw new WheelhouseError('not_found', 'There is no such frame; it may have been dropped to make room.');
      }
      return file;
    },
    async trim() {
      mkdirSync(root, { recursive: true, mode: 0o700 });
      await sweep();
      if (total > deps.maxBytes) await trim();
    },
    bytes: () => total,
    async idle() {
      while (writing.size > 0) await Promise.allSettled(writing.values());
      await trimming;
      recordNow();
    },
  };
}
