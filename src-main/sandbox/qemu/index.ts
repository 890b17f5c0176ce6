import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../base/deadline';
import { asWheelhouseError, WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { Size } from '@shared/pool';
import type { SandboxBackend } from '../backend';
import { Checkpoints } from './checkpoints';
import { candidates, chooseAccelerator, recall, remember, trialKey, tryKernel, type Chosen } from './accelerator';
import type { Hardware } from './arguments';
import { bootCold, clone } from './clone';
import { lastLines } from './console';
import { Homes } from './homes';
import { factsOf, savedIn } from './facts';
import { cacheFolder, findImage, type QemuImage } from './image';
import { Layout } from './layout';
import { QemuMachines } from './machines';
import type { MemoryReader } from './memoryReader';
import { memoryReader } from './memoryThread';
import { createOwnGuests } from './own';
import { joinOwnGuests } from './own/join';
import { Parking, warmUp } from './parking';
import { findQemu, statusOf, type QemuFound } from './probe';
import { savedKey } from './savedManifest';
import type { SavedState, SavedStateOptions } from './savedState';
import { SavedStates } from './savedStates';
import { cpuPercent, sampleCpu, sampleMemory, type CpuSample } from './stats';

export interface QemuBackendOptions {
  dataDir: string;
  /** Tells this installation's machines from every other's. */
  installationId: string;
  logger: Logger;
  /** Where the set-up put the images; default: its cache folder. */
  imageDir?: string;
  /** Where saved desktops are kept, shared by the installations of one user; default: beside the images. */
  savedDir?: string;
  /** Default qemu-system-x86_64, found by PATH. */
  binary?: string;
  /** False: every machine boots. For computers that are short of disk, and to measure by. */
  saveDesktops?: boolean;
  /** Who reads the memory of a machine that is saved: default, the thread that was built beside this. */
  reader?: MemoryReader;
  /** That thread's file, where it is not beside this one. */
  memoryWorkerUrl?: URL;
}

export interface QemuBackend extends SandboxBackend {
  /** Saves the desktop of this image and size unless it is saved already: what the first machine would wait for. */
  prepare(image: string, size: Size, signal: AbortSignal): Promise<void>;
}

/** Milliseconds between the two looks from which a first CPU figure is made; that a probe waits for a trial. */
const firstSampleMs = 200;
const probeWaitMs = 1_500;

/** Machines as QEMU processes on this computer, cloned from one saved desktop. */
export function createQemuBackend(options: QemuBackendOptions): QemuBackend {
  const { logger, installationId, dataDir, binary = 'qemu-system-x86_64' } = options;
  const imageDir = options.imageDir ?? join(cacheFolder(), 'qemu');
  const savedDir = options.savedDir ?? join(cacheFolder(), 'qemu-saved');
  const layout = new Layout(dataDir, installationId);
  const homes = new Homes(layout.root, installationId, (machineId, homeId) => {
    return layout.read(machineId)?.home?.homeId === homeId;
  });
  const machines = new QemuMachines(layout, installationId, logger, homes);
  const saved = new SavedStates(logger);
  let reader = options.reader ?? null;
  const checkpoints = new Checkpoints({
    ...{ binary, layout, installationId, machines, homes, logger },
    reader: () => (reader ??= memoryReader(options.memoryWorkerUrl)),
    async plan(image, size, signal) {
      const { hardware, state } = await plan(imageOf(image), size, signal);
      return { hardware, key: state.key, qemu: state.qemuVersion };
    },
  });
  const parking = new Parking(
    { warm: warmUp, hold: async (machineId, signal) => (await machines.own(machineId, signal)).hold(true) },
    logger,
  );
  const linkPath = (machineId: string): string => {
    const port = machines.linkPort(machineId);
    return port === null ? join(layout.files(machineId).socketFolder, 'no-link') : `tcp:127.0.0.1:${port}`;
  };
  const samples = new Map<string, CpuSample>();
  const trials = new Map<string, Promise<Chosen>>();
  let found: QemuFound | null = null;

  const qemu = async (signal: AbortSignal): Promise<QemuFound> => {
    if (found?.kind !== 'found') found = await findQemu(binary, signal);
    return found;
  };
  const version = async (signal: AbortSignal): Promise<string> => {
    const answer = await qemu(signal);
    if (answer.kind === 'found') return answer.version;
    throw new WheelhouseError('backend_unreachable', answer.message);
  };
  const accelerator = (image: QemuImage, qemuVersion: string): Promise<Chosen> => {
    const key = trialKey(qemuVersion, image.tag);
    const file = join(savedDir, 'accelerator.json');
    const trial = trials.get(key) ?? tryAll();
    trials.set(key, trial);
    return trial;

    async function tryAll(): Promise<Chosen> {
      const known = recall(file, key);
      if (known) return known;
      const chosen = await chooseAccelerator(candidates(process.platform), (one) =>
        tryKernel(binary, image.kernel, one),
      );
      remember(file, key, chosen);
      return chosen;
    }
  };
  const imageOf = (name: string): QemuImage => {
    const image = findImage(imageDir, name);
    if (image) return image;
    throw new WheelhouseError('image_missing', `There is no image ${name} for QEMU on this computer.`);
  };
  /** What a machine of this size is; and where its desktop is saved. */
  const plan = async (image: QemuImage, size: Size, signal: AbortSignal) => {
    const qemuVersion = await version(signal);
    const { accelerator: chosen } = await accelerator(image, qemuVersion);
    const screen = `wheelhouse.size=${size.width}x${size.height}`;
    const hardware: Hardware = {
      accelerator: chosen,
      memoryMiB: size.memoryMiB,
      cpus: Math.max(1, Math.min(Math.ceil(size.cpus), availableParallelism())),
      kernel: image.kernel,
      initrd: image.initrd,
      append: [image.commandLine, screen, ...(chosen === 'tcg' ? [image.commandLineEmulated] : [])].join(' '),
      guest: image.guest,
    };
    const key = savedKey(qemuVersion, image.name, size, hardware);
    const state: SavedStateOptions = { binary, qemuVersion, key, image, hardware, savedDir, logger };
    return { hardware, state };
  };
  const savedFor = async (image: QemuImage, size: Size, signal: AbortSignal) => {
    const { hardware, state } = await plan(image, size, signal);
    const desktop = options.saveDesktops === false ? null : await saved.get(state, signal);
    return { hardware, key: state.key, desktop };
  };

  const own = createOwnGuests({
    ...{ dataDir, installationId, logger, binary, qemuVersion: version },
    savedDir: join(savedDir, 'own'),
    async accelerator(signal) {
      // Only a kernel shows what a computer can run, and ours is the one there is to try.
      const image = findImage(imageDir, 'desktop');
      return image ? (await accelerator(image, await version(signal))).accelerator : 'tcg';
    },
  });
  const desktops: QemuBackend = {
    kind: 'qemu',
    async probe(signal) {
      const answer = await qemu(signal);
      const image = findImage(imageDir, 'desktop');
      let chosen: Chosen | null = null;
      if (answer.kind === 'found' && image) {
        const soon = sleep(probeWaitMs, signal).then(() => null);
        chosen = await Promise.race([accelerator(image, answer.version), soon]);
      }
      return statusOf(answer, chosen, saved.words);
    },
    async resolveImage(name, signal) {
      signal.throwIfAborted();
      return findImage(imageDir, name)?.name ?? null;
    },
    async prepare(image, size, signal) {
      const { desktop } = await savedFor(imageOf(image), size, signal);
      if (!desktop) throw new WheelhouseError('guest_failed', saved.words || 'Desktops are not saved here.');
    },
    async create(spec, signal) {
      signal.throwIfAborted();
      const { fromCheckpoint } = spec;
      if (fromCheckpoint !== undefined) {
        // What the checkpoint was made of is what goes on, whatever the pool's image is by now.
        const made = { ...spec, ...(await checkpoints.describe(fromCheckpoint)) };
        imageOf(made.image);
        await machines.create(made, signal, (files, own) => checkpoints.branch(made, fromCheckpoint, files, own));
        return;
      }
      const image = imageOf(spec.image);
      await machines.create(spec, signal, async (files, own) => {
        const { hardware, key, desktop } = await savedFor(image, spec.size, own);
        const parts = { binary, hardware, files };
        if (desktop) {
          const loaded = await loadOrNull(desktop, key, () => clone(parts, desktop, own));
          if (loaded) {
            parking.made(spec.machineId);
            return loaded;
          }
          own.throwIfAborted();
        }
        return bootCold(parts, image, own);
      });
    },
    linkPath,
    async afterFirstContact(machineId, signal) {
      // The session starts with the machine; its identity came by the boot line, which no program of it can read.
      await machines.own(machineId, signal);
    },
    async list(signal) {
      const found = await machines.list(signal);
      // On its way to stand still: nobody has it, and nobody should wonder that it runs.
      return found.map((one) =>
        one.running && parking.isParking(one.machineId)
          ? { ...one, running: false, paused: true, state: 'being parked' }
          : one,
      );
    },
    describe: () => ({ guestAgent: true, consoleLog: true }),
    async facts(signal) {
      const qemuVersion = await version(signal);
      const image = findImage(imageDir, 'desktop');
      if (!image) return [{ name: 'QEMU', words: qemuVersion }];
      const chosen = await accelerator(image, qemuVersion);
      const ways = layout.all().map(({ way }) => way);
      return factsOf({ qemuVersion, chosen, image, saved: savedIn(savedDir), ways, now: Date.now() });
    },
    async destroy(machineId, signal) {
      await parking.end(machineId);
      await machines.destroy(machineId, signal);
      samples.delete(machineId);
    },
    parks: true,
    async park(machineId, secret, signal) {
      await machines.own(machineId, signal);
      await parking.park({ machineId, path: linkPath(machineId), secret }, signal);
    },
    async pause(machineId, signal) {
      await parking.end(machineId);
      await (await machines.own(machineId, signal)).hold(true);
    },
    async unpause(machineId, signal) {
      await parking.end(machineId);
      await (await machines.own(machineId, signal)).hold(false);
    },
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
    checkpoints: {
      create: (machineId, checkpointId, signal) => checkpoints.create(machineId, checkpointId, signal),
      async restore(machineId, checkpointId, secret, signal) {
        await checkpoints.restore(machineId, checkpointId, secret, signal);
        samples.delete(machineId);
      },
      remove: (checkpointId, signal) => checkpoints.remove(checkpointId, signal),
      list: (signal) => checkpoints.list(signal),
    },
    homes: {
      enforcesQuota: true,
      async list(signal) {
        signal.throwIfAborted();
        return homes.list();
      },
      attach: (machineId, home, secret, signal) => machines.attach(machineId, home, secret, signal),
      read: (homeId, signal) => homes.read(homeId, signal),
      async remove(homeId, signal) {
        signal.throwIfAborted();
        homes.remove(homeId);
      },
    },
    onExit: (listener) => machines.onExit(({ machineId, reason }) => listener(machineId, reason)),
    async close() {
      await parking.close();
      await Promise.all([machines.close(), saved.close()]);
      await reader?.stop();
    },
  };
  return joinOwnGuests(desktops, own);

  async function loadOrNull<T>(desktop: SavedState, key: string, load: () => Promise<T>): Promise<T | null> {
    try {
      return await load();
    } catch (error) {
      logger.warn(
        { err: asWheelhouseError(error), mode: desktop.manifest.mode },
        'a saved desktop was not loaded; this machine boots',
      );
      saved.doubt(key);
      return null;
    }
  }
}
