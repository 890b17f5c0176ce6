import { existsSync } from 'node:fs';
import { chmod, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bounded } from '../../base/bounded';
import { WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { Size } from '@shared/pool';
import type { MachineCheckpoints, MachineSpec } from '../backend';
import type { Hardware } from './arguments';
import { baseIn, copyDisk, savedBase, shareBase } from './base';
import { CheckpointFolders, checkpointNames, savingFailed, type CheckpointManifest } from './checkpointFolder';
import { loadState, saveState } from './incoming';
import { lastWords, launch, type Launched } from './launch';
import type { Layout, MachineFiles, MachineRecord } from './layout';
import type { Homes } from './homes';
import { LiveMachine } from './liveMachine';
import type { Made, QemuMachines } from './machines';
import { NotHere, type MemoryReader, type OpenMemory } from './memoryReader';
import { endMachine, givenFile } from './process';
import { savePages } from './saveMemory';
import { readSaved } from './savedManifest';

/** Milliseconds for all of it; a save takes a fraction of one second, on a disk that is busy several. */
const deadlineMs = { create: 60_000, restore: 60_000 } as const;

export interface CheckpointsOptions {
  binary: string;
  layout: Layout;
  installationId: string;
  machines: QemuMachines;
  homes: Homes;
  /** Made with the first checkpoint. */
  reader: () => MemoryReader;
  logger: Logger;
  /** What a machine of this image and size is made of here and now, and what its saved states fit. Throws image_missing. */
  plan(image: string, size: Size, signal: AbortSignal): Promise<{ hardware: Hardware; key: string; qemu: string }>;
}

/**
 * A machine saved whole: what its memory differs from the saved desktop's in (or all of it), its devices, its disk, its
 * home. It is stopped for as long as that takes, and a restored one is another process that takes its place only when it
 * has answered.
 */
export class Checkpoints implements MachineCheckpoints {
  readonly folders: CheckpointFolders;

  constructor(private readonly options: CheckpointsOptions) {
    this.folders = new CheckpointFolders(options.layout.root, options.installationId);
  }

  async create(machineId: string, checkpointId: string, signal: AbortSignal): Promise<{ bytes: number }> {
    const { machines } = this.options;
    return bounded('Saving the machine', deadlineMs.create, signal, (limited) =>
      machines.exclusive(machineId, limited, async (own) => {
        const before = await this.folders.bytes(checkpointId);
        if (before !== null) return { bytes: before };
        const machine = await machines.own(machineId, own);
        const partial = await this.begin(checkpointId);
        try {
          await this.fill(partial, machine, machineId, checkpointId, own);
        } catch (error) {
          const failure = own.aborted ? own.reason : await savingFailed(error, partial);
          await rm(partial, { recursive: true, force: true });
          throw failure;
        }
        return { bytes: (await this.folders.bytes(checkpointId)) ?? 0 };
      }),
    );
  }

  private async begin(checkpointId: string): Promise<string> {
    try {
      return await this.folders.begin(checkpointId);
    } catch (error) {
      throw new WheelhouseError('guest_failed', 'There is no room for a checkpoint.', reasonOf(error), {
        cause: error,
      });
    }
  }

  private async fill(
    partial: string,
    machine: LiveMachine,
    machineId: string,
    checkpointId: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { layout, machines, homes, plan } = this.options;
    const record = layout.read(machineId);
    if (!record) throw new WheelhouseError('guest_failed', `The machine ${machineId} has ended.`, { machineId });
    const { image, size, home } = record;
    const { hardware, key, qemu } = await plan(image, size, signal);
    const { files } = machine;
    const to = baseIn(partial);
    await this.keepBase(record, files, signal);
    const baseMemory = record.from ? savedBase(record.from.folder).memory : to.memory;
    await shareBase(files.base, to, signal);
    const mapped = record.way === 'mapped';
    const disk = join(partial, checkpointNames.disk);
    const homeDisk = join(partial, checkpointNames.home);
    const from = home === null ? null : home.homeId === null ? files.home : homes.disk(home.homeId);
    const memory = mapped ? await this.look(machine.pid, to.state) : null;
    const state = join(partial, checkpointNames.state);
    let mode: CheckpointManifest['mode'];
    const began = performance.now();
    try {
      mode = await machines.held(machineId, machine, async () => {
        // QEMU has handed over what it held of the disks when it stopped.
        const copied = Promise.all([copyDisk(files.overlay, disk), from === null ? null : copyDisk(from, homeDisk)]);
        copied.catch(() => {});
        const how = await this.saveMemory(machine, { memory, state, baseMemory, hardware }, signal);
        await copied;
        return how;
      });
    } finally {
      await memory?.close();
    }
    const stoppedMs = Math.round(performance.now() - began);
    this.options.logger.debug({ machineId, checkpointId, mode, stoppedMs }, 'a machine was saved');
    for (const path of [state, disk, ...(from === null ? [] : [homeDisk])]) await chmod(path, 0o600);
    signal.throwIfAborted();
    const madeAt = new Date().toISOString();
    await this.folders.seal(partial, { checkpointId, machineId, madeAt, image, size, qemu, key, mode, mapped, home });
  }

  private async saveMemory(
    machine: LiveMachine,
    what: { memory: OpenMemory | null; state: string; baseMemory: string; hardware: Hardware },
    signal: AbortSignal,
  ): Promise<CheckpointManifest['mode']> {
    const { qmp, files } = machine;
    const { memory, state, baseMemory, hardware } = what;
    if (memory) {
      try {
        const memoryBytes = hardware.memoryMiB * 1024 * 1024;
        await savePages({ qmp, memory, wanted: { file: state, baseMemory, memoryBytes } }, signal);
        return 'pages';
      } catch (error) {
        const unknown = error instanceof WheelhouseError && error.data['errorClass'] === 'CommandNotFound';
        if (!(error instanceof NotHere) && !unknown) throw error;
        this.whole(error);
      }
    }
    await rm(files.incoming, { force: true });
    await saveState(qmp, { socket: files.incoming, file: state, memoryApart: false }, signal);
    return 'whole';
  }

  private async look(pid: number, baseState: string): Promise<OpenMemory | null> {
    try {
      return await this.options.reader().open(pid, baseState);
    } catch (error) {
      if (!(error instanceof NotHere)) throw error;
      return this.whole(error);
    }
  }
  private whole(error: unknown): null {
    this.options.logger.warn({ err: error }, 'a checkpoint holds the whole memory, which takes longer');
    return null;
  }

  /** Where a clone could not be given names for what it was made from, it gets copies now, if that is still there. */
  private async keepBase(record: MachineRecord, files: MachineFiles, signal: AbortSignal): Promise<void> {
    if (!record.from || existsSync(files.base.disk)) return;
    const { folder, madeAt } = record.from;
    const key = folder.split(/[\\/]/).at(-1) ?? '';
    if ((await readSaved(folder, key, false))?.madeAt !== madeAt) {
      throw new WheelhouseError('guest_failed', 'The saved desktop that the machine was made from was replaced.');
    }
    await shareBase(savedBase(folder), files.base, signal);
  }

  async restore(machineId: string, checkpointId: string, secret: string, signal: AbortSignal): Promise<void> {
    const { layout, machines } = this.options;
    await bounded('Restoring the machine', deadlineMs.restore, signal, (limited) =>
      machines.exclusive(machineId, limited, async (own) => {
        const old = await machines.own(machineId, own);
        const record = layout.read(machineId);
        if (!record) throw new WheelhouseError('guest_failed', `The machine ${machineId} has ended.`, { machineId });
        const { folder, manifest } = await this.fitting(checkpointId, own);
        const home = homeAfter(record, manifest);
        const wanted = !old.paused;
        const files = await layout.prepareSeat(machineId, record.seat + 1);
        await machines.held(machineId, old, async () => {
          let next: LiveMachine | null = null;
          try {
            const made = await this.load(folder, manifest, files, own);
            next = new LiveMachine(made.process.pid, files, made.qmp, made.boot, made.process.ended);
            await next.hold(false);
            await machines.introduce(next, { machineId, secret, home: home !== null }, false, own);
            const { linkPort, way } = made;
            const { image, size } = manifest;
            const { seat } = files;
            await machines.swap(machineId, next, {
              ...{ ...record, image, size, seat, linkPort, way, home, from: null, holding: false },
            });
          } catch (error) {
            if (layout.read(machineId)?.seat !== files.seat) {
              await next?.end(AbortSignal.timeout(10_000)).catch(() => {});
              await layout.clearSeat(files);
            }
            throw error;
          }
          // Asked for while it was being restored: it must not run on.
          if (wanted && old.paused) await next.hold(true);
        });
      }),
    );
  }

  /** A new machine that goes on from a checkpoint; for `QemuMachines.create`. */
  async branch(spec: MachineSpec, checkpointId: string, files: MachineFiles, signal: AbortSignal): Promise<Made> {
    const { folder, manifest } = await this.fitting(checkpointId, signal);
    const { home } = manifest;
    if (!home) return this.load(folder, manifest, files, signal);
    const wanted = spec.home?.homeId ?? null;
    if (wanted !== null && wanted !== home.homeId) {
      const words = `The checkpoint ${checkpointId} was made with another home than ${wanted}.`;
      throw new WheelhouseError('conflict', words, { checkpointId, homeId: wanted });
    }
    return { ...(await this.load(folder, manifest, files, signal)), home: { ...home, homeId: wanted } };
  }

  async describe(checkpointId: string): Promise<{ image: string; size: Size }> {
    const { image, size } = (await this.folders.read(checkpointId)).manifest;
    return { image, size };
  }
  async remove(checkpointId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.folders.remove(checkpointId);
  }
  async list(signal: AbortSignal): Promise<{ checkpointId: string; bytes: number }[]> {
    signal.throwIfAborted();
    return this.folders.list();
  }

  /** A checkpoint that is whole and loads here. Throws guest_failed with what is wrong. */
  private async fitting(checkpointId: string, signal: AbortSignal) {
    const found = await this.folders.read(checkpointId);
    const { qemu, key, image, size } = found.manifest;
    const here = await this.options.plan(image, size, signal);
    if (qemu !== here.qemu) {
      const words = `The checkpoint ${checkpointId} was made by QEMU ${qemu}; here is ${here.qemu}.`;
      throw new WheelhouseError('guest_failed', words, { checkpointId });
    }
    if (key !== here.key) {
      const words = `The checkpoint ${checkpointId} was made by a machine with other hardware than machines have now.`;
      throw new WheelhouseError('guest_failed', words, { checkpointId });
    }
    return found;
  }

  /** A process that stands where the checkpoint was made, on copies of its disks. Nothing of it runs after a failure. */
  private async load(
    folder: string,
    manifest: CheckpointManifest,
    files: MachineFiles,
    signal: AbortSignal,
  ): Promise<Made> {
    const { binary, plan } = this.options;
    const { image, size, mapped, mode } = manifest;
    const { hardware } = await plan(image, size, signal);
    const path = (name: string): string => join(folder, name);
    const home = manifest.home ? files.home : undefined;
    await Promise.all([
      shareBase(baseIn(folder), files.base, signal),
      copyDisk(path(checkpointNames.disk), files.overlay),
      home === undefined ? null : copyDisk(path(checkpointNames.home), home),
    ]);
    const backing = existsSync(files.base.disk) ? files.base.disk : undefined;
    const memory = mapped ? ({ kind: 'private', path: files.base.memory } as const) : ({ kind: 'own' } as const);
    const parts = { binary, hardware, files, memory, disk: files.overlay, backing, home, incoming: true };
    const state = await open(path(checkpointNames.state));
    let machine: Launched;
    try {
      machine = await launch({ ...parts, state: state.fd }, signal);
    } finally {
      await state.close();
    }
    try {
      await loadState(machine.qmp, { given: givenFile, memoryApart: mode === 'pages' }, signal);
      return { ...machine, way: mapped ? 'mapped' : 'streamed' };
    } catch (error) {
      machine.boot.close();
      machine.qmp.close();
      await endMachine(machine.process.pid, files.name, AbortSignal.timeout(10_000));
      signal.throwIfAborted();
      const words = lastWords(files.qemuLog);
      throw new WheelhouseError('guest_failed', `The checkpoint does not load: ${words}`, {}, { cause: error });
    }
  }
}

const reasonOf = (error: unknown): Record<string, unknown> =>
  (error as NodeJS.ErrnoException).code === 'ENOSPC' ? { reason: 'disk_full' } : {};

/** The home after a restore in place: the machine's own, as it was then. Throws conflict when it is another by now. */
function homeAfter(record: MachineRecord, { home, checkpointId }: CheckpointManifest): MachineRecord['home'] {
  const [now, then] = [record.home, home];
  if (now === null && then === null) return null;
  if (now && then && (now.homeId === then.homeId || now.homeId === null)) return now;
  throw new WheelhouseError('conflict', `The checkpoint ${checkpointId} was made with another home, or none.`, {
    checkpointId,
  });
}
