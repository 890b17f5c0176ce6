import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, freemem, platform, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { bytesWords, failed, ok, warning, type Check } from './diagnostic';

const gib = 1024 ** 3;

/** Pure. A machine of the usual size has 2 GiB, of which an idle desktop uses a tenth. */
export function memoryWords(availableBytes: number, totalBytes: number) {
  const words = `${bytesWords(availableBytes)} of ${bytesWords(totalBytes)} can be used.`;
  if (availableBytes < gib / 2) return failed(`${words} That is too little for a desktop.`);
  if (availableBytes < 2 * gib) return warning(`${words} That is enough for one or two desktops.`);
  return ok(words);
}

/** Pure. The image of a desktop takes 1.5 GB, a saved one up to its memory. */
export function diskWords(freeBytes: number, folder: string) {
  const words = `${bytesWords(freeBytes)} are free where ${folder} lies.`;
  if (freeBytes < gib) return failed(`${words} New desktops and records will fail.`, 'free 5 GB');
  if (freeBytes < 5 * gib) return warning(`${words} An image needs about 4 GB while it is made.`, 'free 5 GB');
  return ok(words);
}

/** Bytes that programs can have: the kernel's own figure, which counts caches that it would give back. */
async function availableBytes(): Promise<number> {
  try {
    const line = /^MemAvailable:\s+(\d+) kB/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
    if (line !== undefined) return Number(line) * 1024;
  } catch {
    // Not Linux.
  }
  return freemem();
}

/** The folder, or the next one above it that exists. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}

const diskCheck = (id: string, name: string, folder: string): Check => ({
  id,
  name,
  async look() {
    const { bavail, bsize } = await statfs(existing(folder));
    return diskWords(bavail * bsize, folder);
  },
});

/** The computer: processors and system, memory, the disks of the data folder and of the cache. */
export const computerChecks = ({ dataDir, cacheDir }: { dataDir: string; cacheDir: string }): Check[] => [
  {
    id: 'computer',
    name: 'Computer',
    look: async () => ok(`${platform()} ${release()}, ${arch()}, ${availableParallelism()} processors.`),
  },
  { id: 'memory', name: 'Memory', look: async () => memoryWords(await availableBytes(), totalmem()) },
  diskCheck('disk.data', 'Disk of the data folder', dataDir),
  diskCheck('disk.cache', 'Disk of images and saved desktops', cacheDir),
];
