import { randomBytes } from 'node:crypto';
import { bounded } from '../../base/bounded';
import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { MachineSpec, ObservedMachine } from '../backend';
import { BootLine } from './bootLine';
import type { Launched } from './launch';
import type { Layout, MachineFiles, MachineRecord, Way } from './layout';
import { LiveMachine } from './liveMachine';
import { endMachine, isMachine, readPid } from './process';
import { Qmp } from './qmp';

/** Milliseconds until a machine has taken its identity: one that was loaded, one that boots. */
const introduceMs = { loaded: 20_000, booted: 180_000 } as const;

export type Make = (files: MachineFiles, signal: AbortSignal) => Promise<Launched & { way: Way }>;

const failed = (machineId: string, words: string): WheelhouseError =>
  new WheelhouseError('guest_failed', `The machine ${machineId} ${words}.`, { machineId });

/** The QEMU processes of one installation, found by its own records. Every process is looked at before it is touched. */
export class QemuMachines {
  private readonly live = new Map<string, LiveMachine>();
  private readonly making = new Map<string, { done: Promise<void>; stop: AbortController }>();
  private readonly adopting = new Map<string, Promise<LiveMachine | null>>();
  private readonly exits = new Emitter<{ machineId: string; reason: string }>();

  constructor(
    private readonly layout: Layout,
    private readonly installationId: string,
    private readonly logger: Logger,
  ) {}

  onExit(listener: (exit: { machineId: string; reason: string }) => void): () => void {
    return this.exits.on(listener);
  }

  /** Makes the machine, or returns what an earlier call made or is making. Throws guest_failed, backend_unreachable. */
  async create(spec: MachineSpec, signal: AbortSignal, make: Make): Promise<void> {
    signal.throwIfAborted();
    const { machineId } = spec;
    let work = this.making.get(machineId);
    if (!work) {
      const stop = new AbortController();
      const done = this.begin(spec, stop.signal, make).finally(() => this.making.delete(machineId));
      done.catch(() => {});
      work = { done, stop };
      this.making.set(machineId, work);
    }
    const { done } = work;
    await untilAborted(done, signal);
  }

  private async begin(spec: MachineSpec, signal: AbortSignal, make: Make): Promise<void> {
    const { machineId, poolId, image, size } = spec;
    const before = this.layout.read(machineId);
    if (before?.way) {
      if (await this.find(machineId, signal)) return;
      throw failed(machineId, 'was made before and has ended');
    }
    if (before) await this.clear(machineId);
    const files = this.layout.prepare(machineId);
    const record: MachineRecord = {
      ...{ version: 1, installationId: this.installationId, machineId, poolId, image, size },
      ...{ linkPort: null, way: null },
    };
    this.layout.write(record);
    const { process, qmp, boot, linkPort, way } = await make(files, signal);
    const machine = new LiveMachine(process.pid, files, qmp, boot, process.ended);
    try {
      signal.throwIfAborted();
      this.keep(machineId, machine);
      await machine.hold(false);
      const introduced = bounded(
        'Giving the machine its identity',
        way === 'booted' ? introduceMs.booted : introduceMs.loaded,
        signal,
        (s) => machine.boot.introduce(spec, randomBytes(64), Date.now(), s),
      );
      if (way === 'booted') {
        // Seconds of a boot: readiness is asked for elsewhere, and says what is missing.
        introduced.catch((error: unknown) => this.logger.warn({ machineId, err: error }, 'a machine took no identity'));
      } else await introduced;
      this.layout.write({ ...record, linkPort, way });
    } catch (error) {
      this.live.delete(machineId);
      await machine.end(AbortSignal.timeout(10_000));
      throw error;
    }
  }

  /** The machine, running or paused. Throws guest_failed when there is none of ours, or it has ended. */
  async own(machineId: string, signal: AbortSignal): Promise<LiveMachine> {
    const found = await this.find(machineId, signal);
    if (!found) throw failed(machineId, 'does not exist or has ended');
    return found;
  }

  /** Null when the machine is not ours or does not run. After a restart of the broker it is found by its process. */
  private async find(machineId: string, signal: AbortSignal): Promise<LiveMachine | null> {
    signal.throwIfAborted();
    const known = this.live.get(machineId);
    if (known) return known.ended === null ? known : null;
    let adoption = this.adopting.get(machineId);
    if (!adoption) {
      adoption = this.adopt(machineId).finally(() => this.adopting.delete(machineId));
      this.adopting.set(machineId, adoption);
    }
    return adoption;
  }
  private async adopt(machineId: string): Promise<LiveMachine | null> {
    const record = this.layout.read(machineId);
    const files = this.layout.files(machineId);
    const pid = readPid(files.pidFile);
    if (!record?.way || pid === null || !(await isMachine(pid, files.name))) return null;
    const qmp = await Qmp.open(files.sockets.qmp, AbortSignal.timeout(10_000));
    const machine = new LiveMachine(pid, files, qmp, new BootLine(files.sockets.boot));
    machine.paused = (await qmp.status()) !== 'running';
    this.keep(machineId, machine);
    return machine;
  }
  private keep(machineId: string, machine: LiveMachine): void {
    this.live.set(machineId, machine);
    machine.onEnd((reason) => this.exits.emit({ machineId, reason }));
  }

  async list(signal: AbortSignal): Promise<ObservedMachine[]> {
    signal.throwIfAborted();
    return Promise.all(this.layout.all().map((record) => this.observe(record, signal)));
  }
  private async observe(record: MachineRecord, signal: AbortSignal): Promise<ObservedMachine> {
    const { machineId, poolId, image } = record;
    const seen = (running: boolean, paused: boolean, state: string): ObservedMachine => ({
      ...{ machineId, poolId, image, running, paused, state },
    });
    if (this.making.has(machineId)) return seen(true, false, 'creating');
    try {
      const machine = await this.find(machineId, signal);
      if (!machine) return seen(false, false, this.live.get(machineId)?.ended ?? 'ended');
      return machine.paused ? seen(false, true, 'paused') : seen(true, false, 'running');
    } catch (error) {
      signal.throwIfAborted();
      this.logger.warn({ machineId, err: error }, 'a machine does not answer on its control socket');
      return seen(true, false, 'does not answer');
    }
  }

  /** Where the link is, or null while or after there is none. */
  linkPort(machineId: string): number | null {
    const known = this.live.get(machineId);
    if (known && known.ended !== null) return null;
    return this.layout.read(machineId)?.linkPort ?? null;
  }

  async destroy(machineId: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const work = this.making.get(machineId);
    work?.stop.abort(failed(machineId, 'is being destroyed'));
    await work?.done.catch(() => {});
    await this.adopting.get(machineId)?.catch(() => {});
    await this.clear(machineId, signal);
  }

  private async clear(machineId: string, signal = AbortSignal.timeout(10_000)): Promise<void> {
    if (this.layout.isForeign(machineId)) return;
    const { name, pidFile } = this.layout.files(machineId);
    const machine = this.live.get(machineId);
    this.live.delete(machineId);
    const pid = machine?.pid ?? readPid(pidFile);
    if (machine) await machine.end(signal);
    else if (pid !== null) await endMachine(pid, name, signal);
    this.layout.remove(machineId);
  }

  /** Lets go of all machines; they run on and are found again. */
  async close(): Promise<void> {
    for (const { stop } of this.making.values()) stop.abort(new Error('the backend was closed'));
    await Promise.allSettled([...this.making.values()].map(({ done }) => done));
    for (const machine of this.live.values()) machine.release();
    this.live.clear();
  }
}

/** A caller stops waiting when its signal fires; the work, which others may wait for too, goes on. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
