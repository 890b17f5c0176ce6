import { existsSync, renameSync, rmSync, statSync } from 'node:fs';

/** A log file's size at which it is set aside, and how many are kept beside the current one. */
export const rotation = { bytes: 16 * 1024 * 1024, kept: 3, everyMs: 60_000 };

/**
 * Sets a grown file aside as `file.1`, the older ones as `.2`, `.3`; the oldest goes. True when it did, and the writer
 * must reopen. Never throws: a log that can't be turned goes on growing, which is better than no log.
 */
export function rotate(file: string, limit = rotation.bytes, kept = rotation.kept): boolean {
  try {
    if (statSync(file).size < limit) return false;
    rmSync(`${file}.${kept}`, { force: true });
    for (let n = kept - 1; n >= 1; n -= 1)
      if (existsSync(`${file}.${n}`)) renameSync(`${file}.${n}`, `${file}.${n + 1}`);
    renameSync(file, `${file}.1`);
    return true;
  } catch {
    return false;
  }
}
