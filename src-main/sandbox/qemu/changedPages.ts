import { open, readFile, stat, type FileHandle } from 'node:fs/promises';

export const pageBytes = 4096;

/** A piece of a process's address space that maps a file. */
export interface Mapping {
  /** Bytes: where it lies in the process, where in the file, and how long it is. */
  address: number;
  offset: number;
  length: number;
}

/** Lines of /proc/PID/maps (proc(5)) that map this file for writing, by device and number: its name may be gone. */
export function mappingsOf(maps: string, file: { device: string; inode: number }): Mapping[] {
  return maps.split('\n').flatMap((line) => {
    const [range = '', access = '', offset = '', device, inode] = line.split(/\s+/);
    if (device !== file.device || Number(inode) !== file.inode || !access.startsWith('rw')) return [];
    const [from = '', to = ''] = range.split('-');
    const address = Number.parseInt(from, 16);
    return [{ address, offset: Number.parseInt(offset, 16), length: Number.parseInt(to, 16) - address }];
  });
}

/** Linux: MAJOR and MINOR of a 64-bit device number as /proc/PID/maps writes them. */
const deviceName = (number: bigint): string => {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
};

/** Where a process maps a file. Throws what the system says when it may not be looked at. */
export async function findMappings(pid: number, path: string): Promise<Mapping[]> {
  const { dev, ino } = await stat(path, { bigint: true });
  return mappingsOf(await readFile(`/proc/${pid}/maps`, 'latin1'), { device: deviceName(dev), inode: Number(ino) });
}

/**
 * The high half of an entry of /proc/PID/pagemap (pagemap.rst): present (63) or swapped (62), and not a page of a file
 * (61). In a private mapping of a file, these are the pages that the process has written.
 */
export const isOwnPage = (high: number): boolean => (high & 0xc000_0000) !== 0 && (high & 0x2000_0000) === 0;

const entriesAtOnce = 32 * 1024;

/** The pages of a private mapping that differ from its file, as offsets in bytes within the mapping, in pieces. */
export async function* ownPages(pagemap: FileHandle, mapping: Mapping): AsyncGenerator<number[]> {
  const entries = Buffer.alloc(entriesAtOnce * 8);
  const count = mapping.length / pageBytes;
  for (let done = 0; done < count;) {
    const wanted = Math.min(entriesAtOnce, count - done) * 8;
    const { bytesRead } = await pagemap.read(entries, 0, wanted, (mapping.address / pageBytes + done) * 8);
    if (bytesRead < 8 || bytesRead % 8 !== 0) throw new Error('the pages of the machine can’t be told apart');
    const found: number[] = [];
    for (let n = 0; n < bytesRead / 8; n += 1) {
      if (isOwnPage(entries.readUInt32LE(n * 8 + 4))) found.push((done + n) * pageBytes);
    }
    done += bytesRead / 8;
    yield found;
  }
}

/** Offsets next to each other as one stretch, no longer than `most` bytes. */
export function* stretches(offsets: readonly number[], most: number): Generator<{ offset: number; length: number }> {
  let from: number | undefined;
  let to = 0;
  for (const offset of offsets) {
    if (from !== undefined && offset === to && to - from < most) {
      to += pageBytes;
      continue;
    }
    if (from !== undefined) yield { offset: from, length: to - from };
    [from, to] = [offset, offset + pageBytes];
  }
  if (from !== undefined) yield { offset: from, length: to - from };
}

export const openPagemap = (pid: number): Promise<FileHandle> => open(`/proc/${pid}/pagemap`);
export const openMemory = (pid: number): Promise<FileHandle> => open(`/proc/${pid}/mem`);
