import { readSync } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { findMappings, openMemory, openPagemap, ownPages, pageBytes, stretches, type Mapping } from './changedPages';
import { MemoryPart, memoryHead, type MemoryHead } from './ramStream';

/** This way of saving is not to be had here: another system, another QEMU, a process that may not be looked at. */
export class NotHere extends Error {}

/** Where the pages go, and what they are told apart by. */
export interface PagesWanted {
  /** Begins with everything up to the end of the memory in the base's own stream. */
  file: string;
  baseMemory: string;
  memoryBytes: number;
}

/** A machine whose memory can be read. Has open files until it is closed. */
export interface OpenMemory {
  /** The machine must stand still. Throws NotHere, what the file system says, or the signal's reason. */
  write(wanted: PagesWanted, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface MemoryReader {
  /** What can be looked at before the machine is stopped, so that it stands still no longer than it must. Throws NotHere. */
  open(pid: number, baseState: string): Promise<OpenMemory>;
  stop(): Promise<void>;
}

/** In whichever thread this runs. */
export const readHere: MemoryReader = {
  async open(pid, baseState) {
    const opened: FileHandle[] = [];
    const close = async (): Promise<void> => {
      for (const file of opened.splice(0)) await file.close();
    };
    try {
      const head = memoryHead(await readFile(baseState));
      for (const one of [openMemory, openPagemap]) opened.push(await one(pid));
      const [memory, pagemap] = opened as [FileHandle, FileHandle];
      return { close, write: (wanted, signal) => write({ pid, head, memory, pagemap }, wanted, signal) };
    } catch (error) {
      await close();
      throw new NotHere('the memory of the machine can’t be looked at', { cause: error });
    }
  },
  async stop() {},
};

interface Source {
  pid: number;
  head: MemoryHead;
  memory: FileHandle;
  pagemap: FileHandle;
}

async function write(source: Source, wanted: PagesWanted, signal: AbortSignal): Promise<void> {
  const mappings = await findMappings(source.pid, wanted.baseMemory);
  if (mappings.reduce((sum, { length }) => sum + length, 0) !== wanted.memoryBytes) {
    throw new NotHere('the machine does not map the memory that it was made from');
  }
  const out = await open(wanted.file, 'w', 0o600);
  try {
    await out.write(source.head.bytes);
    await writePages(out, source, mappings, signal);
  } finally {
    await out.close();
  }
}

/** Bytes gathered before they are written; of a stretch of memory read at once. */
const sizes = { gathered: 4 * 1024 * 1024, read: 512 * 1024 } as const;

async function writePages(
  out: FileHandle,
  { head, memory, pagemap }: Source,
  mappings: readonly Mapping[],
  signal: AbortSignal,
): Promise<void> {
  const read = Buffer.allocUnsafe(sizes.read);
  // One is filled while the other is written.
  const buffers = [Buffer.allocUnsafe(sizes.gathered), Buffer.allocUnsafe(sizes.gathered)] as const;
  let filled = 0;
  const part = new MemoryPart(buffers[0], head.sectionId);
  let writing: Promise<void> = Promise.resolve();
  const put = async (bytes: Buffer): Promise<void> => {
    for (let done = 0; done < bytes.length;) done += (await out.write(bytes, done)).bytesWritten;
  };
  const flush = async (): Promise<void> => {
    await writing;
    signal.throwIfAborted();
    filled = 1 - filled;
    writing = put(part.take(buffers[filled === 0 ? 0 : 1]));
    writing.catch(() => {});
  };
  try {
    for (const mapping of mappings) {
      for await (const offsets of ownPages(pagemap, mapping)) {
        for (const stretch of stretches(offsets, sizes.read)) {
          // Without the pool of threads: it is a copy in memory, and a trip to a thread costs more than most of them.
          const got = readSync(memory.fd, read, 0, stretch.length, mapping.address + stretch.offset);
          if (got !== stretch.length) throw new Error('the memory of the machine ended early');
          for (let at = 0; at < got; at += pageBytes) {
            if (!part.room) await flush();
            part.page(mapping.offset + stretch.offset + at, read, at);
          }
        }
      }
    }
    if (!part.room) await flush();
    part.end(head.sectionId);
    await flush();
    await writing;
  } finally {
    // Before the file is closed.
    await writing.catch(() => {});
  }
}
