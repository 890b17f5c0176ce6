import { constants } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hardware } from './arguments';
import type { QemuImage } from './image';
import { loadState } from './incoming';
import { launch } from './launch';
import type { MachineFiles } from './layout';
import type { Made } from './machines';
import { endMachine } from './process';
import { savedNames } from './savedManifest';
import { overlay, type SavedState } from './savedState';

interface Parts {
  binary: string;
  hardware: Hardware;
  files: MachineFiles;
}

/**
 * A machine from a saved desktop: it stands still, exactly where that one stood, and shares its memory until it writes.
 * Throws guest_failed; nothing of it runs then.
 */
export async function clone({ binary, hardware, files }: Parts, saved: SavedState, signal: AbortSignal): Promise<Made> {
  const path = (name: string): string => join(saved.folder, name);
  const { mode } = saved.manifest;
  await copyFile(path(savedNames.empty), files.overlay, constants.COPYFILE_FICLONE);
  const memory =
    mode === 'mapped' ? ({ kind: 'private', path: path(savedNames.memory) } as const) : ({ kind: 'own' } as const);
  const machine = await launch({ binary, hardware, files, memory, disk: files.overlay, incoming: true }, signal);
  try {
    const state = { socket: files.incoming, file: path(savedNames.state), memoryApart: mode === 'mapped' };
    await loadState(machine.qmp, state, signal);
    return { ...machine, way: mode, saved: { folder: saved.folder, madeAt: saved.manifest.madeAt } };
  } catch (error) {
    machine.boot.close();
    machine.qmp.close();
    await endMachine(machine.process.pid, files.name, AbortSignal.timeout(10_000));
    throw error;
  }
}

/** A machine that boots from the image: the last resort, seconds instead of a tenth of one. */
export async function bootCold(
  { binary, hardware, files }: Parts,
  image: QemuImage,
  signal: AbortSignal,
): Promise<Made> {
  await overlay(image.disk, files.overlay, image.diskBytes, signal);
  const machine = await launch(
    { binary, hardware, files, memory: { kind: 'own' }, disk: files.overlay, incoming: false },
    signal,
  );
  return { ...machine, way: 'booted' };
}
