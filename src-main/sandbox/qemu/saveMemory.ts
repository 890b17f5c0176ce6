import { readSync } from 'node:fs';
import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { findMappings, openMemory, openPagemap, ownPages, stretches } from './changedPages';
import type { Qmp } from './qmp';
import { devicesTail, MemoryPart, memoryHead, type MemoryHead } from './ramStream';

/** This way of saving is not to be had here: another system, another QEMU, a process that may not be looked at. */
export class NotHere extends Error {}

/** Bytes gathered before they are written; of a stretch of memory read at once; milliseconds before others get a turn. */
const sizes = { gathered: 4 * 1024 * 1024, read: 512 * 1024 } as const;
const turnMs = 5;

/** What has to be looked at before the machine is stopped, so that it stands still no longer than it must. */
export interface MemorySource {
  head: MemoryHead;
  memory: FileHandle;
  pagemap: FileHandle;
  close(): Promise<void>;
}

/** Throws NotHere. */
export async function openSource(pid: number, baseState: string): Promise<MemorySource> {
  const opened: FileHandle[] = [];
  try {
    const head = memoryHead(await readFile(baseState));
    for (const one of [openMemory, openPagemap]) opened.push(await one(pid));
    const [memory, pagemap] = opened as [FileHandle, FileHandle];
    const close = async (): Promise<void> => void (await Promise.all(opened.map((file) => file.close())));
    return { head, memory, pagemap, close };
  } catch (error) {
    for (const file of opened) await file.close();
    throw new NotHere('the memory of the machine can’t be looked at', { cause: error });
  }
}

/**
 * Saves a stopped machine that maps `baseMemory` privately, as a stream that loads over the same mapping: the pages which
 * it has changed, found by the system's own table, and its devices. A tenth of what the whole memory would be, and the
 * pages that it has not touched stay untouched. QEMU has no name for "devices alone" but Xen's. Throws NotHere, or what
 * the file system says.
 */
export async function savePages(
  options: { qmp: Qmp; pid: number; source: MemorySource; baseMemory: string; memoryBytes: number; file: string },
  signal: AbortSignal,
): Promise<void> {
  const { qmp, pid, source, baseMemory, memoryBytes, file } = options;
  const devicesFile = `${file}.devices`;
  const mappings = await findMappings(pid, baseMemory);
  if (mappings.reduce((sum, { length }) => sum + length, 0) !== memoryBytes) {
    throw new NotHere('the machine does not map the memory that it was made from');
  }
  await qmp.run('xen-save-devices-state', { filename: devicesFile, live: false });
  const out = await open(file, 'w', 0o600);
  try {
    await out.write(source.head.bytes);
    await writePages(out, source, mappings, signal);
    const devices = await readFile(devicesFile);
    await out.write(tailOf(devices));
  } finally {
    await out.close();
    await rm(devicesFile, { force: true });
  }
}

function tailOf(devices: Buffer): Buffer {
  try {
    return devicesTail(devices);
  } catch (error) {
    throw new NotHere('QEMU saved its devices in a way that is not known', { cause: error });
  }
}

async function writePages(
  out: FileHandle,
  { head, memory, pagemap }: MemorySource,
  mappings: Awaited<ReturnType<typeof findMappings>>,
  signal: AbortSignal,
): Promise<void> {
  const read = Buffer.allocUnsafe(sizes.read);
  // One is filled while the other is written.
  const buffers = [Buffer.allocUnsafe(sizes.gathered), Buffer.allocUnsafe(sizes.gathered)] as const;
  let filled = 0;
  const part = new MemoryPart(buffers[0], head.sectionId);
  let writing: Promise<void> = Promise.resolve();
  const write = async (bytes: Buffer): Promise<void> => {
    for (let done = 0; done < bytes.length;) done += (await out.write(bytes, done)).bytesWritten;
  };
  const flush = async (): Promise<void> => {
    await writing;
    signal.throwIfAborted();
    filled = 1 - filled;
    writing = write(part.take(buffers[filled === 0 ? 0 : 1]));
    writing.catch(() => {});
  };
  let turn = performance.now();
  try {
    for (const mapping of mappings) {
      for await (const offsets of ownPages(pagemap, mapping)) {
        for (const stretch of stretches(offsets, sizes.read)) {
          // Without the pool of threads: it is a copy in memory, and a trip to a thread costs more than most of them.
          const got = readSync(memory.fd, read, 0, stretch.length, mapping.address + stretch.offset);
          if (got !== stretch.length) throw new Error('the memory of the machine ended early');
          for (let at = 0; at < got; at += 4096) {
            if (!part.room) await flush();
            part.page(mapping.offset + stretch.offset + at, read, at);
          }
          if (performance.now() - turn > turnMs) {
            await setImmediate();
            turn = performance.now();
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
