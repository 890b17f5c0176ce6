import { appendFile, readFile, rm } from 'node:fs/promises';
import { NotHere, type OpenMemory, type PagesWanted } from './memoryReader';
import type { Qmp } from './qmp';
import { devicesTail } from './ramStream';

/**
 * Saves a stopped machine that maps its base's memory privately, as a stream that loads over the same mapping: the pages
 * which it has changed, found by the system's own table, and its devices. A tenth of what the whole memory would be, and
 * the pages that it has not touched stay untouched. QEMU has no name for "devices alone" but Xen's. Throws NotHere, or
 * what the file system says.
 */
export async function savePages(
  options: { qmp: Qmp; memory: OpenMemory; wanted: PagesWanted },
  signal: AbortSignal,
): Promise<void> {
  const { qmp, memory, wanted } = options;
  const devicesFile = `${wanted.file}.devices`;
  // The devices say nothing that changes the memory: QEMU itself saves them last.
  const done = await Promise.allSettled([
    qmp.run('xen-save-devices-state', { filename: devicesFile, live: false }),
    memory.write(wanted, signal),
  ]);
  try {
    for (const one of done) if (one.status === 'rejected') throw one.reason;
    await appendFile(wanted.file, tailOf(await readFile(devicesFile)));
  } finally {
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
