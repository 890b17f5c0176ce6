import { createHash, randomBytes } from 'node:crypto';
import { constants, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bounded } from '../../../base/bounded';
import { WheelhouseError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import { withFileLock } from '../fileLock';
import { loadState, saveState } from '../incoming';
import type { Launched } from '../launch';
import { Layout, type MachineFiles } from '../layout';
import { boundLog } from '../logBound';
import { endMachine, readPid } from '../process';
import { readSaved, savedNames, sealSaved } from '../savedManifest';
import { forgetOld, overlay } from '../savedState';
import { ownArguments, type OwnHardware } from './arguments';
import { launchOwn } from './launchOwn';
import { screenSocket, varsFile } from './ownFiles';
import { untilAtRest, untilReady } from './readiness';

/** Milliseconds that a guest may take from its start to saved, beyond the least that its description names. */
const buildMs = 1_200_000;
const quitMs = 10_000;
const vars = 'uefi-vars.fd';

export interface SavedOwnOptions {
  binary: string;
  qemuVersion: string;
  tag: string;
  hardware: OwnHardware;
  /** Bytes of its disk; null where it has none. */
  diskBytes: number | null;
  uefiVars: string | null;
  savedDir: string;
  logger: Logger;
}

/** Names what a saved guest fits: QEMU's version, every argument that is not a place, and the guest at its tag. */
export function savedOwnKey({ qemuVersion, tag, hardware }: SavedOwnOptions): string {
  const place = {
    ...{ name: 'n', memory: { kind: 'private', path: 'm' } as const, disk: 'd', uefiVars: null },
    ...{ sockets: { qmp: 'q', console: 'c', screen: 's' }, pidFile: 'p', incoming: true },
  };
  const facts = [1, qemuVersion, tag, ownArguments(hardware, place)];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 24);
}

const folderOf = (options: SavedOwnOptions): string => join(options.savedDir, savedOwnKey(options));

/** Whether it is there and whole; `thorough` reads the files too. */
export const isSaved = async (options: SavedOwnOptions, thorough: boolean): Promise<boolean> =>
  (await readSaved(folderOf(options), savedOwnKey(options), thorough)) !== null;

/**
 * Boots the guest once, waits until its description calls it ready, and saves it whole, unless that was done: one
 * builder at a time on this computer. Throws guest_failed, timeout; nothing is left then.
 */
export async function saveOwn(
  options: SavedOwnOptions,
  parent: AbortSignal,
  onWait: (missing: string) => void,
): Promise<void> {
  const key = savedOwnKey(options);
  const folder = folderOf(options);
  const { minSeconds, stillSeconds } = options.hardware.guest.readyWhen;
  const ms = buildMs + (minSeconds + stillSeconds) * 1000;
  await bounded('Booting and saving the guest', ms, parent, (signal) =>
    withFileLock(join(options.savedDir, `${key}.lock`), signal, async () => {
      if (await isSaved(options, true)) return;
      const layout = new Layout(options.savedDir, 'saved guests');
      for (const name of readdirSync(options.savedDir)) {
        if (name.startsWith(`${key}.partial`)) rmSync(join(options.savedDir, name), { recursive: true });
      }
      const before = layout.files(key);
      const pid = readPid(before.pidFile);
      if (pid !== null) await endMachine(pid, before.name, AbortSignal.timeout(10_000));
      const partial = `${folder}.partial-${randomBytes(4).toString('hex')}`;
      mkdirSync(partial, { recursive: true, mode: 0o700 });
      try {
        await bootAndSave(options, partial, layout.prepare(key), signal, onWait);
        rmSync(folder, { recursive: true, force: true });
        renameSync(partial, folder);
        forgetOld(options.savedDir);
      } finally {
        rmSync(partial, { recursive: true, force: true });
        layout.remove(key);
      }
    }),
  );
}

async function bootAndSave(
  options: SavedOwnOptions,
  partial: string,
  files: MachineFiles,
  signal: AbortSignal,
  onWait: (missing: string) => void,
): Promise<void> {
  const { hardware, uefiVars, binary, diskBytes, logger } = options;
  const path = (name: string): string => join(partial, name);
  const began = Date.now();
  const disk = path(savedNames.disk);
  // A guest of a disc alone has an empty disk in its folder, which no machine sees: every saved folder is made alike.
  await overlayOrEmpty(hardware.guest.disk ?? null, disk, diskBytes, signal);
  const memory = { kind: 'written', path: path(savedNames.memory) } as const;
  const parts = { binary, hardware, files, memory, disk: diskBytes === null ? null : disk, uefiVars, incoming: false };
  const machine = await launchOwn(parts, signal);
  const unbindLog = boundLog(files.qemuLog);
  const over = new AbortController();
  machine.qmp.onClosed(() => over.abort(new WheelhouseError('guest_failed', 'The guest ended before it was ready.')));
  const watched = AbortSignal.any([signal, over.signal]);
  try {
    const { readyWhen } = hardware.guest;
    await untilReady(screenSocket(files), readyWhen, began, watched, onWait);
    await untilAtRest(machine.process.pid, watched, onWait);
    // What it was busy with may have brought another picture.
    await untilReady(screenSocket(files), { ...readyWhen, minSeconds: 0 }, began, watched, onWait);
    await machine.qmp.run('stop');
    await saveState(machine.qmp, { socket: files.incoming, file: path(savedNames.state), memoryApart: true }, watched);
    const gone = new Promise<void>((resolve) => machine.qmp.onClosed(() => resolve()));
    await machine.qmp.run('quit').catch(() => {});
    await bounded('Ending the guest that was saved', quitMs, signal, () => gone);
    if (uefiVars !== null) await copyFile(varsFile(files), path(vars));
  } finally {
    unbindLog();
    machine.qmp.close();
    await endMachine(machine.process.pid, files.name, AbortSignal.timeout(10_000));
  }
  await overlayOrEmpty(join(folderOf(options), savedNames.disk), path(savedNames.empty), diskBytes, signal);
  const { tag, qemuVersion } = options;
  await sealSaved(partial, {
    ...{ key: savedOwnKey(options), mode: 'mapped', image: tag, qemu: qemuVersion, accelerator: hardware.accelerator },
    madeAt: new Date().toISOString(),
  });
  logger.info({ tag, ms: Date.now() - began }, 'a guest was booted and saved');
}

const overlayOrEmpty = async (backing: string | null, path: string, bytes: number | null, signal: AbortSignal) => {
  await overlay(backing ?? '/dev/null', path, bytes ?? 65_536, signal);
};

/** A machine that stands where the saved guest stood. Throws guest_failed; nothing of it runs then. */
export async function cloneOwn(
  options: SavedOwnOptions,
  files: MachineFiles,
  signal: AbortSignal,
): Promise<Launched & { way: 'mapped' }> {
  const { binary, hardware, diskBytes } = options;
  const path = (name: string): string => join(folderOf(options), name);
  if (diskBytes !== null) await copyFile(path(savedNames.empty), files.overlay, constants.COPYFILE_FICLONE);
  const memory = { kind: 'private', path: path(savedNames.memory) } as const;
  const disk = diskBytes === null ? null : files.overlay;
  const uefiVars = options.uefiVars === null ? null : path(vars);
  const machine = await launchOwn({ binary, hardware, files, memory, disk, uefiVars, incoming: true }, signal);
  try {
    const state = { socket: files.incoming, file: path(savedNames.state), memoryApart: true };
    await loadState(machine.qmp, state, signal);
    return { ...machine, way: 'mapped' };
  } catch (error) {
    machine.qmp.close();
    await endMachine(machine.process.pid, files.name, AbortSignal.timeout(10_000));
    throw error;
  }
}
