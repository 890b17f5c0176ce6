import { chmodSync, statSync } from 'node:fs';

/**
 * A home that is kept may have been locked by a program of an earlier machine's, and no session could begin in it again.
 * Its owner may unlock it; where that fails the session says itself what it misses.
 */
export function openToItsOwner(home: string): void {
  const all = 0o700;
  try {
    const { mode } = statSync(home);
    if ((mode & all) !== all) chmodSync(home, (mode & 0o7777) | all);
  } catch {
    // It is not there, or not ours.
  }
}
