import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../../base/deadline';
import { WheelhouseError } from '../../../base/errors';
import type { Logger } from '../../../base/logger';
import type { Size } from '@shared/pool';
import { rfbPath } from '../../../guest/rfbPath';
import type { MachineSpec, SandboxBackend } from '../../backend';
import type { Accelerator } from '../accelerator';
import { lastLines } from '../console';
import { Layout } from '../layout';
import { QemuMachines } from '../machines';
import { overlay } from '../savedState';
import { cpuPercent, sampleCpu, sampleMemory, type CpuSample } from '../stats';
import { ownPrefix } from './description';
import { findFirmware } from './firmware';
import { findGuest, guestsFolder, listGuests, type KnownGuest } from './guestFolder';
import { inspectDisk, inspectGuest } from './inspect';
import { launchOwn } from './launchOwn';
import { readStart, screenSocket, writeStart } from './ownFiles';
import { untilReady } from './readiness';
import { cloneOwn, savedOwnKey, type SavedOwnOptions } from './savedOwn';
import { SavedGuests } from './savedGuests';

export interface OwnGuestsOptions {
  dataDir: string;
  installationId: string;
  logger: Logger;
  binary: string;
  /** Where guests that were booted once are kept. */
  savedDir: string;
  qemuVersion(signal: AbortSignal): Promise<string>;
  /** What machines run on here, and tried. */
  accelerator(signal: AbortSignal): Promise<Accelerator>;
}

/** Every call of a backend that a machine of somebody's own system takes, and how such machines are told from others. */
export interface OwnGuests extends Omit<
  SandboxBackend,
  'kind' | 'probe' | 'images' | 'checkpoints' | 'homes' | 'facts' | 'parks' | 'prepare' | 'describe'
> {
  /** The image's name means such a guest. */
  means(image: string): boolean;
  has(machineId: string): boolean;
  prepare(image: string, size: Size, signal: AbortSignal): Promise<void>;
  images(): { name: string; words: string; guestAgent: boolean }[];
  words(): string;
}

/** Milliseconds between the two looks from which a first CPU figure is made. */
const firstSampleMs = 200;

/** Machines of systems that people bring: a screen, a keyboard and a pointer, and nobody inside who would answer. */
export function createOwnGuests(options: OwnGuestsOptions): OwnGuests {
  const { logger, binary } = options;
  const folder = guestsFolder(options.dataDir);
  // A place of their own: a machine is one of these when it is found here.
  const layout = new Layout(join(options.dataDir, 'own'), options.installationId);
  const machines = new QemuMachines(layout, options.installationId, logger);
  const saved = new SavedGuests(logger);
  const samples = new Map<string, CpuSample>();

  const knownGuest = (image: string): KnownGuest => {
    const known = findGuest(folder, image);
    if (known) return known;
    throw new WheelhouseError('image_missing', `There is no guest ${image} on this computer, or it has changed.`);
  };

  /** What a machine of this guest and size is. Looks at its files each time: they are other people's. */
  const plan = async (image: string, size: Size, signal: AbortSignal): Promise<SavedOwnOptions> => {
    const { guest, tag } = knownGuest(image);
    if (size.memoryMiB < guest.memoryMiB || size.cpus < guest.cpus) {
      throw new WheelhouseError(
        'bad_request',
        `The guest ${guest.name} needs ${guest.cpus} processors and ${guest.memoryMiB} MiB; its pool gives ${size.cpus} and ${size.memoryMiB}.`,
      );
    }
    await inspectGuest(guest, signal);
    const firmware = guest.firmware === 'uefi' ? findFirmware() : null;
    return {
      binary,
      qemuVersion: await options.qemuVersion(signal),
      tag,
      hardware: {
        accelerator: await options.accelerator(signal),
        memoryMiB: size.memoryMiB,
        cpus: Math.max(1, Math.min(Math.ceil(size.cpus), availableParallelism())),
        width: size.width,
        height: size.height,
        guest,
        firmwareCode: firmware?.code ?? null,
      },
      diskBytes: guest.disk === undefined ? null : await inspectDisk(guest.disk, signal),
      uefiVars: firmware === null ? null : (guest.uefiVars ?? firmware.vars),
      savedDir: options.savedDir,
      logger,
    };
  };

  const refuseMore = ({ fromCheckpoint, home }: MachineSpec): void => {
    if (fromCheckpoint !== undefined) throw new WheelhouseError('not_supported', noCheckpoints);
    if (home !== undefined) throw new WheelhouseError('not_supported', noHomes);
  };

  return {
    means: (image) => image.startsWith(ownPrefix),
    has: (machineId) => layout.read(machineId) !== null,
    async resolveImage(name, signal) {
      signal.throwIfAborted();
      return findGuest(folder, name)?.tag ?? null;
    },
    images: () =>
      listGuests(folder).map(({ name, known, problem }) => ({
        name: `${ownPrefix}${name}`,
        words: known === null ? `Can’t be used: ${problem}` : known.guest.description || 'A guest of your own.',
        guestAgent: false,
      })),
    words: () => saved.words(),
    async prepare(image, size, signal) {
      const what = await plan(image, size, signal);
      if (what.hardware.guest.start === 'saved') await saved.ensure(what, signal);
    },
    async create(spec, signal) {
      signal.throwIfAborted();
      refuseMore(spec);
      const what = await plan(spec.image, spec.size, signal);
      const { guest } = what.hardware;
      await machines.create(spec, signal, async (files, own) => {
        const start = { bootId: randomUUID(), keyboard: guest.keyboard, startedAt: Date.now() };
        if (guest.start === 'saved' && (await saved.has(what))) {
          try {
            const loaded = await cloneOwn(what, files, own);
            writeStart(files, { ...start, readyWhen: null });
            return loaded;
          } catch (error) {
            own.throwIfAborted();
            logger.warn({ err: error, tag: what.tag }, 'a saved guest was not loaded; this machine boots');
            saved.doubt(savedOwnKey(what));
          }
        }
        if (what.diskBytes !== null && guest.disk !== undefined) {
          await overlay(guest.disk, files.overlay, what.diskBytes, own);
        }
        const { hardware, uefiVars, diskBytes } = what;
        const disk = diskBytes === null ? null : files.overlay;
        const parts = { binary, hardware, files, memory: { kind: 'own' } as const, disk, uefiVars, incoming: false };
        const booted = await launchOwn(parts, own);
        writeStart(files, { ...start, readyWhen: guest.readyWhen });
        return { ...booted, way: 'booted' };
      });
    },
    linkPath(machineId) {
      const files = layout.files(machineId);
      const start = readStart(files);
      const socket = screenSocket(files);
      return start === null ? socket : rfbPath({ bootId: start.bootId, keyboard: start.keyboard, socket });
    },
    /** A guest says nothing of itself: its screen is watched, as its description wants, where it booted. */
    async afterFirstContact(machineId, signal) {
      await machines.own(machineId, signal);
      const files = layout.files(machineId);
      const start = readStart(files);
      if (!start?.readyWhen) return;
      await untilReady(screenSocket(files), start.readyWhen, start.startedAt, signal);
      writeStart(files, { ...start, readyWhen: null });
    },
    list: (signal) => machines.list(signal),
    async destroy(machineId, signal) {
      await machines.destroy(machineId, signal);
      samples.delete(machineId);
    },
    pause: async (machineId, signal) => (await machines.own(machineId, signal)).hold(true),
    unpause: async (machineId, signal) => (await machines.own(machineId, signal)).hold(false),
    async stats(machineId, signal) {
      const { pid } = await machines.own(machineId, signal);
      let before = samples.get(machineId) ?? null;
      if (before === null) {
        before = sampleCpu(pid);
        await sleep(firstSampleMs, signal);
      }
      const [after, memoryBytes] = [sampleCpu(pid), sampleMemory(pid)];
      if (before === null || after === null || memoryBytes === null) return null;
      samples.set(machineId, after);
      return { cpuPercent: cpuPercent(before, after), memoryBytes };
    },
    async logs(machineId, lines, signal) {
      signal.throwIfAborted();
      const { consoleLog, qemuLog } = layout.files(machineId);
      return [...lastLines(consoleLog, lines), ...lastLines(qemuLog, 5)].slice(-lines);
    },
    onExit: (listener) => machines.onExit(({ machineId, reason }) => listener(machineId, reason)),
    async close() {
      await Promise.all([machines.close(), saved.close()]);
    },
  };
}

export const noCheckpoints =
  'Machines of a guest of your own have no checkpoints: there is no agent inside that would take a new identity.';
export const noHomes = 'A guest of your own has no home that is kept: there is no agent inside that would mount it.';
