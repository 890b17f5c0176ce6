import { constants, linkSync, rmSync } from 'node:fs';
import { copyFile, link } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineFiles } from './layout';
import { savedNames } from './savedManifest';
import { runTool } from './process';

/**
 * What a machine was made from (the saved desktop's disk, memory and devices) must outlive that saved desktop, which is
 * made anew when QEMU or the image changes: a machine's disk lies over it, its memory differs from it. So each machine
 * and each checkpoint has names of its own for the same files, which costs nothing where they are on one file system.
 */
export type Base = MachineFiles['base'];
export const baseNames = ['disk', 'memory', 'state'] as const;

export const baseIn = (folder: string): Base => ({
  disk: join(folder, 'base-disk.qcow2'),
  memory: join(folder, 'base-memory'),
  state: join(folder, 'base-state'),
});
export const savedBase = (folder: string): Base => ({
  disk: join(folder, savedNames.disk),
  memory: join(folder, savedNames.memory),
  state: join(folder, savedNames.state),
});

/** Names for those files that are there. Where names are not to be had, copies, holes as holes. */
export async function shareBase(from: Base, to: Base, signal: AbortSignal): Promise<void> {
  for (const name of baseNames) {
    try {
      await link(from[name], to[name]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'EEXIST') continue;
      await copySparse(from[name], to[name], signal);
    }
  }
}

/** At once, for a machine that is being made: true when all files that are there have a second name now. */
export function linkBase(from: Base, to: Base): boolean {
  try {
    for (const name of baseNames) {
      try {
        linkSync(from[name], to[name]);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return true;
  } catch {
    for (const name of baseNames) rmSync(to[name], { force: true });
    return false;
  }
}

/** A whole copy, sharing blocks where the file system can. */
export const copyDisk = (from: string, to: string): Promise<void> => copyFile(from, to, constants.COPYFILE_FICLONE);

async function copySparse(from: string, to: string, signal: AbortSignal): Promise<void> {
  // A raw file of holes to a raw file of holes.
  await runTool('qemu-img', ['convert', '-f', 'raw', '-O', 'raw', from, to], signal);
}
