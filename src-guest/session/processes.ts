import { readdir, readFile } from 'node:fs/promises';
import type { LinkResult } from '@shared/link';

/** The bytes of a page in /proc/PID/statm (4 KiB on the architectures that images are made for). */
const pageBytes = 4096;

/** The machine's processes by their ids, resident memory in bytes; at most `maxCount`. See proc(5). */
export async function listProcesses(maxCount: number, proc = '/proc'): Promise<LinkResult<'listProcesses'>> {
  const pids = (await readdir(proc))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const found: LinkResult<'listProcesses'> = [];
  for (const pid of pids) {
    if (found.length >= maxCount) break;
    try {
      const [name, memory] = await Promise.all([
        readFile(`${proc}/${pid}/comm`, 'utf8'),
        readFile(`${proc}/${pid}/statm`, 'utf8'),
      ]);
      found.push({ pid, name: name.trimEnd(), memoryBytes: Number(memory.split(' ')[1] ?? 0) * pageBytes });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
