import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { bounded } from '../../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { Hardware, Memory } from './arguments';
import { ConsoleLog } from './console';
import { checkDesktop, settled } from './desktopCheck';
import { withFileLock } from './fileLock';
import type { QemuImage } from './image';
import { saveState } from './incoming';
import { launch } from './launch';
import { Layout, type MachineFiles } from './layout';
import { endMachine, readPid, runTool } from './process';
import type { Qmp } from './qmp';
import { rehearse } from './rehearsal';
import { readSaved, savedNames, sealSaved, type SavedManifest, type SavedMode } from './savedManifest';

export interface SavedState {
  folder: string;
  manifest: SavedManifest;
}

export interface SavedStateOptions {
  binary: string;
  qemuVersion: string;
  key: string;
  image: QemuImage;
  hardware: Hardware;
  /** Where the saved states of this user lie; one folder each. */
  savedDir: string;
  logger: Logger;
}

/** Milliseconds from start to saved, checks included; a machine that is not done by then never will be. */
const buildMs = 300_000;

/** Mebibytes that a saved desktop takes beside the part of its memory that it uses, and at most of that. */
const roomMiB = { files: 128, memory: 512 } as const;

/** A machine whose disk or memory file can't grow stops or is killed minutes later, without a word why. */
async function needRoom({ savedDir, hardware }: SavedStateOptions): Promise<void> {
  mkdirSync(savedDir, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(savedDir);
  const free = Math.floor((bavail * bsize) / 2 ** 20);
  const needed = roomMiB.files + Math.min(roomMiB.memory, hardware.memoryMiB);
  if (free >= needed) return;
  const words = `There is no room for a saved desktop: ${free} MiB are free in ${savedDir}, and ${needed} are needed.`;
  throw new WheelhouseError('guest_failed', words, { reason: 'disk_full' });
}

/** The saved state of this image, size and QEMU if it is there and whole. */
export async function findSavedState(options: SavedStateOptions, thorough: boolean): Promise<SavedState | null> {
  const folder = join(options.savedDir, options.key);
  const manifest = await readSaved(folder, options.key, thorough);
  if (!manifest) return null;
  const now = new Date();
  utimesSync(join(folder, savedNames.manifest), now, now);
  return { folder, manifest };
}

/**
 * Boots a desktop, checks it, stops it and saves it, unless it is saved and whole already: one builder at a time on this
 * computer. Tries with the memory in a file of its own first, then with the whole memory in the stream. Throws
 * guest_failed with what was wrong with the second.
 */
export async function makeSavedState(options: SavedStateOptions, parent: AbortSignal): Promise<SavedState> {
  const signal = AbortSignal.any([parent, AbortSignal.timeout(buildMs)]);
  const folder = join(options.savedDir, options.key);
  return withFileLock(join(options.savedDir, `${options.key}.lock`), signal, async () => {
    const found = await findSavedState(options, true);
    if (found) return found;
    // What a builder that died had begun: its machine runs on without it.
    await clear(options);
    for (const name of readdirSync(options.savedDir)) {
      if (name.startsWith(`${options.key}.partial`)) rmSync(join(options.savedDir, name), { recursive: true });
    }
    await needRoom(options);
    const partial = `${folder}.partial-${randomBytes(4).toString('hex')}`;
    const build = async (mode: SavedMode): Promise<SavedManifest> => {
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true, mode: 0o700 });
      return bootAndSave(options, { partial, folder, mode }, signal);
    };
    try {
      let manifest: SavedManifest;
      try {
        manifest = await build('mapped');
      } catch (error) {
        signal.throwIfAborted();
        options.logger.warn(
          { err: error },
          'a state with its memory apart was not saved; trying with it in the stream',
        );
        manifest = await build('streamed');
      }
      rmSync(folder, { recursive: true, force: true });
      renameSync(partial, folder);
      forgetOld(options.savedDir);
      return { folder, manifest };
    } catch (error) {
      throw parent.aborted ? parent.reason : asWheelhouseError(error);
    } finally {
      rmSync(partial, { recursive: true, force: true });
      placeOf(options).remove(options.key);
    }
  });
}

/** Where the machine that is saved lies: the same for every installation, so that each can clear up after the others. */
const placeOf = ({ savedDir }: SavedStateOptions): Layout => new Layout(savedDir, 'saved desktops');

async function clear(options: SavedStateOptions): Promise<MachineFiles> {
  const layout = placeOf(options);
  const { pidFile, name } = layout.files(options.key);
  const pid = readPid(pidFile);
  if (pid !== null) await endMachine(pid, name, AbortSignal.timeout(10_000));
  return layout.prepare(options.key);
}

async function bootAndSave(
  options: SavedStateOptions,
  place: { partial: string; folder: string; mode: SavedMode },
  signal: AbortSignal,
): Promise<SavedManifest> {
  const { image, hardware, logger } = options;
  const { partial, mode } = place;
  const path = (name: string): string => join(partial, name);
  const began = performance.now();
  const files = await clear(options);
  await overlay(image.disk, path(savedNames.disk), image.diskBytes, signal);
  const memory: Memory = mode === 'mapped' ? { kind: 'written', path: path(savedNames.memory) } : { kind: 'own' };
  const disk = path(savedNames.disk);
  const machine = await launch({ ...options, hardware, files, memory, disk, incoming: false }, signal);
  const panicked = new AbortController();
  const console = new ConsoleLog(files.sockets.console, files.consoleLog, (words) =>
    panicked.abort(new Error(`the kernel panicked: ${words}`)),
  );
  const { boot } = machine;
  const watched = AbortSignal.any([signal, panicked.signal]);
  machine.qmp.onClosed(() => panicked.abort(new Error('QEMU ended while it booted')));
  try {
    // An identity for the check alone; every clone gets its own on the same line.
    const identity = { machineId: 'm_template', secret: randomBytes(32).toString('base64url') };
    await boot.introduce(identity, randomBytes(64), Date.now(), watched);
    const target = { ...identity, path: `tcp:127.0.0.1:${machine.linkPort}` };
    await checkDesktop(target, watched);
    await rehearse(boot, target.path, watched);
    await settled(machine.process.pid, watched);
    await machine.qmp.run('stop');
    await saveState(
      machine.qmp,
      { socket: files.incoming, file: path(savedNames.state), memoryApart: mode === 'mapped' },
      watched,
    );
    await quit(machine.qmp, signal);
  } finally {
    boot.close();
    console.close();
    machine.qmp.close();
    await endMachine(machine.process.pid, files.name, AbortSignal.timeout(10_000));
  }
  await overlay(join(place.folder, savedNames.disk), path(savedNames.empty), image.diskBytes, signal);
  const facts = {
    key: options.key,
    mode,
    image: image.name,
    qemu: options.qemuVersion,
    accelerator: hardware.accelerator,
  };
  const manifest = await sealSaved(partial, { ...facts, madeAt: new Date().toISOString() });
  logger.info(
    { key: options.key, mode, ms: Math.round(performance.now() - began) },
    'a desktop was booted, checked and saved',
  );
  return manifest;
}

/** Saved desktops that are kept: a third of a gigabyte each, one for every image, size and QEMU that was ever used. */
const kept = 8;

/**
 * Removes those that were not used for the longest time. Machines made from them go on: they hold the files open. One
 * that is being made from them this moment boots instead.
 */
export function forgetOld(savedDir: string, keep = kept): void {
  const usedAt = (name: string): number => {
    try {
      return statSync(join(savedDir, name, savedNames.manifest)).mtimeMs;
    } catch {
      // A lock, what was learnt of the processor, or one that is being made.
      return 0;
    }
  };
  const folders = readdirSync(savedDir).filter((name) => usedAt(name) > 0);
  for (const name of folders.sort((a, b) => usedAt(b) - usedAt(a)).slice(keep)) {
    rmSync(join(savedDir, name), { recursive: true, force: true });
  }
}

/** Milliseconds for the disk's tables to reach its file. */
const quitMs = 10_000;

/** Lets QEMU end by itself, so that its disk is whole. */
async function quit(qmp: Qmp, signal: AbortSignal): Promise<void> {
  const gone = new Promise<void>((resolve) => qmp.onClosed(() => resolve()));
  await qmp.run('quit').catch(() => {});
  await bounded('Ending the machine that was saved', quitMs, signal, () => gone);
}

/** A disk that keeps what differs from another. `-u`: that other one may still lie elsewhere while it is made. */
export const overlay = (backing: string, path: string, bytes: number, signal: AbortSignal): Promise<string> =>
  runTool('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', '-b', backing, '-F', 'qcow2', path, String(bytes)], signal);
