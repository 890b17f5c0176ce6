import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Takes the lock file, or says who has it. A lock whose process is gone is taken over. */
const tryTake = (path) => {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return null;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  let holder = NaN;
  try {
    holder = Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
  if (holder > 0 && alive(holder)) return holder;
  rmSync(path, { force: true });
  return 0;
};

/**
 * Runs `work` while no other process of ours holds the lock; waits for its turn up to `minutes`.
 * @template T @param {string} path @param {() => Promise<T>} work @param {{ minutes?: number, signal?: AbortSignal, onWait?: (pid: number) => void }} [options]
 */
export const withLock = async (path, work, { minutes = 60, signal, onWait = () => {} } = {}) => {
  const deadline = Date.now() + minutes * 60_000;
  let told = false;
  for (;;) {
    const holder = tryTake(path);
    if (holder === null) break;
    if (holder > 0 && !told) {
      told = true;
      onWait(holder);
    }
    if (signal?.aborted) throw new Error('stopped');
    if (Date.now() > deadline)
      throw new Error(`another set-up (process ${holder}) has not ended; remove ${path} when it is gone`);
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
