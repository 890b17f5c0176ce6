import { spawn } from 'node:child_process';

/** Milliseconds that the disks may take; a slow one goes on writing after it. */
const writeMs = 2_500;

/** Writes what the file system of a folder holds only in memory to its disk: sync(1). Resolves without it after a while. */
export function writeOut(folder: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('/usr/bin/sync', ['--file-system', folder], { stdio: 'ignore', env: {} });
    const timer = setTimeout(done, writeMs);
    child.once('error', done);
    child.once('exit', done);
    function done(): void {
      clearTimeout(timer);
      child.unref();
      resolve();
    }
  });
}
