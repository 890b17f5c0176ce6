import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { sleep } from '../../base/deadline';

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes the lock, or says that another process has it. A lock whose process is gone is taken over. */
function take(path: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  try {
    const holder = Number(readFileSync(path, 'utf8'));
    // Empty: it is being written this moment.
    if (holder > 0 && !alive(holder)) rmSync(path, { force: true });
  } catch {
    // Given back meanwhile.
  }
  return false;
}

/** Runs `work` while no other process holds the lock file; waits for its turn until the signal fires. */
export async function withFileLock<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  while (!take(path)) await sleep(200, signal);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
