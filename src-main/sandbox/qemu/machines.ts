import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { bounded } from '../../base/bounded';
import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import type { Logger } from '../../base/logger';
import type { MachineHome, MachineSpec, ObservedMachine } from '../backend';
import { BootLine } from './bootLine';
import type { Launched } from './launch';
import type { Layout, MachineFiles, MachineRecord, Way } from './layout';
import { linkBase, savedBase } from './base';
import { plugHome } from './homePlug';
import { Homes } from './homes';
import { LiveMachine } from './liveMachine';
import { endMachine, isMachine, readPid } from './process';
import { Qmp } from './qmp';

/** Milliseconds until a machine has taken its identity: one that was loaded, one that boots. */
const introduceMs = { loaded: 20_000, booted: 180_000 } as const;
/** Milliseconds that a machine may take to write what its home holds only in memory, before it is ended. */
const syncMs = 5_000;

export interface Made extends Launched {
  way: Way;
  /** The saved desktop that it is a clone of. */
  saved?: { folder: string; madeAt: string };
  /** It has been loaded with this home plugged in. */
  home?: MachineRecord['home'];
}
export type Make = (files: MachineFiles, signal: AbortSignal) => Promise<Made>;

const failed = (machineId: string, words: string): WheelhouseError =>
  new WheelhouseError('guest_failed', `The machine ${machineId} ${words}.`, { machineId });

/** The QEMU processes of one installation, found by its own records. Every process is looked at before it is touched. */
export class QemuMachines {
  private readonly live = new Map<string, LiveMachine>();
  private readonly making = new Map<string, { done: Promise<void>; stop: AbortController }>();
  private readonly adopting = new Map<string, Promise<LiveMachine | null>>();
  private readonly works = new Map<string, { done: Promise<unknown>; stop: AbortController }>();
  private readonly exits = new Emitter<{ machineId: string; reason: string }>();

  constructor(
    private readonly layout: Layout,
    private readonly installationId: string,
    private readonly logger: Logger,
    private readonly homes: Homes = new Homes(layout.root, installationId, (machineId, homeId) => {
      return layout.read(machineId)?.home?.homeId === homeId;
    }),
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
      ...{ linkPort: null, way: null, seat: 0, home: spec.home ?? null, from: null, holding: false },
    };
    this.layout.write(record);
    if (spec.home) await this.homes.take(machineId, spec.home, signal);
    const made = await make(files, signal);
    const { qmp, linkPort, way } = made;
    const machine = new LiveMachine(made.process.pid, files, qmp, made.boot, made.process.ended);
    try {
      signal.throwIfAborted();
      this.keep(machineId, machine);
      const from = made.saved && !linkBase(savedBase(made.saved.folder), files.base) ? made.saved : null;
      const home = made.home ?? record.home;
      if (made.home) this.settleHome(files, made.home);
      else if (spec.home) await plugHome(qmp, this.homes.disk(spec.home.homeId));
      await machine.hold(false);
      const introduced = this.introduce(machine, { ...spec, home: home !== null }, way === 'booted', signal);
      if (way === 'booted') {
        // Seconds of a boot: readiness is asked for elsewhere, and says what is missing.
        introduced.catch((error: unknown) => this.logger.warn({ machineId, err: error }, 'a machine took no identity'));
      } else await introduced;
      this.layout.write({ ...record, linkPort, way, home, from });
    } catch (error) {
      this.live.delete(machineId);
      await machine.end(AbortSignal.timeout(10_000));
      throw error;
    }
  }

  /** Gives a machine that runs its identity, the time and its home. Throws guest_failed, timeout. */
  async introduce(
    machine: LiveMachine,
    identity: { machineId: string; secret: string; home: boolean },
    boots: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const ms = boots ? introduceMs.booted : introduceMs.loaded;
    const { machineId, secret, home } = identity;
    await bounded('Giving the machine its identity', ms, signal, (s) =>
      machine.boot.introduce({ machineId, secret, home }, randomBytes(64), Date.now(), s),
    );
  }

  /**
   * One work at a time with a machine whose process or disks it changes; the next waits. Destroying the machine stops
   * what is under way by its signal.
   */
  async exclusive<T>(machineId: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const before = this.works.get(machineId)?.done;
    const own = AbortSignal.any([signal, stop.signal]);
    const done = (async () => {
      await before?.catch(() => {});
      own.throwIfAborted();
      return work(own);
    })();
    const entry = { done, stop };
    this.works.set(machineId, entry);
    try {
      return await done;
    } finally {
      if (this.works.get(machineId) === entry) this.works.delete(machineId);
    }
  }

  /** The machine stands still while `work` runs; written down, so that a broker that dies in between leaves no riddle. */
  async held<T>(machineId: string, machine: LiveMachine, work: () => Promise<T>): Promise<T> {
    const mark = (holding: boolean): void => {
      const record = this.layout.read(machineId);
      if (record && record.holding !== holding) this.layout.write({ ...record, holding });
    };
    if (!machine.paused) mark(true);
    try {
      return await machine.still(work);
    } finally {
      mark(false);
    }
  }

  /**
   * From here on another process is the machine. What is written decides: a broker that dies after it finds the new one,
   * and ends the old.
   */
  async swap(machineId: string, next: LiveMachine, record: MachineRecord): Promise<void> {
    const old = this.live.get(machineId);
    const lost = next.ended;
    if (lost !== null) throw failed(machineId, `was restored and ended at once: ${lost}`);
    this.layout.write(record);
    if (record.home) this.settleHome(next.files, record.home);
    this.keep(machineId, next);
    if (!old) return;
    await old.end(AbortSignal.timeout(10_000));
    await this.layout.clearSeat(old.files);
  }

  /** Gives a machine a home while it runs. Throws conflict, guest_failed. */
  attach(machineId: string, home: MachineHome, secret: string, signal: AbortSignal): Promise<void> {
    return this.exclusive(machineId, signal, async (own) => {
      const machine = await this.own(machineId, own);
      const record = this.layout.read(machineId);
      if (!record) throw failed(machineId, 'does not exist or has ended');
      if (record.home && record.home.homeId !== home.homeId) {
        throw new WheelhouseError('conflict', `The machine ${machineId} has a home already.`, { machineId });
      }
      const plugged = record.home !== null;
      if (!plugged) {
        await this.homes.take(machineId, home, own);
        this.layout.write({ ...record, home });
        try {
          await plugHome(machine.qmp, this.homes.disk(home.homeId));
        } catch (error) {
          this.layout.write(record);
          this.homes.release(machineId);
          throw error;
        }
      }
      const still = machine.paused;
      if (still) await machine.hold(false);
      await this.introduce(machine, { machineId, secret, home: true }, false, own);
      if (still) await machine.hold(true);
    });
  }

  /** A copy that a machine was loaded with becomes the home whose name it bears. */
  private settleHome(files: MachineFiles, home: NonNullable<MachineRecord['home']>): void {
    if (home.homeId !== null && existsSync(files.home)) this.homes.adopt(home.homeId, files.home);
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
    if (record) await this.endOthers(machineId, record.seat);
    const pid = readPid(files.pidFile);
    if (!record?.way || pid === null || !(await isMachine(pid, files.name))) return null;
    const qmp = await Qmp.open(files.sockets.qmp, AbortSignal.timeout(10_000));
    const machine = new LiveMachine(pid, files, qmp, new BootLine(files.sockets.boot));
    machine.paused = (await qmp.status()) !== 'running';
    if (record.home) this.settleHome(files, record.home);
    if (record.holding) {
      // A broker died while it saved or restored this machine, which had run.
      await qmp.run('migrate_cancel').catch(() => {});
      await machine.hold(false);
      this.layout.write({ ...record, holding: false });
    }
    this.keep(machineId, machine);
    return machine;
  }
  /** Processes of a restore that a broker did not live to finish: the one before the swap, or the one after it. */
  private async endOthers(machineId: string, seat: number): Promise<void> {
    for (const other of [seat - 1, seat + 1].filter((one) => one >= 0)) {
      const files = this.layout.files(machineId, other);
      const pid = readPid(files.pidFile);
      if (pid !== null) await endMachine(pid, files.name, AbortSignal.timeout(10_000));
      if (pid !== null || existsSync(files.overlay)) await this.layout.clearSeat(files);
    }
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
    const busy = this.works.get(machineId);
    busy?.stop.abort(failed(machineId, 'is being destroyed'));
    await busy?.done.catch(() => {});
    await this.clear(machineId, signal);
  }

  private async clear(machineId: string, signal = AbortSignal.timeout(10_000)): Promise<void> {
    if (this.layout.isForeign(machineId)) return;
    const record = this.layout.read(machineId);
    const files = this.layout.files(machineId);
    const machine =
      this.live.get(machineId) ?? (record?.home?.homeId ? await this.find(machineId, signal).catch(() => null) : null);
    if (machine && machine.ended === null && record?.home?.homeId) await this.writeHome(machineId, machine);
    this.live.delete(machineId);
    const pid = machine?.pid ?? readPid(files.pidFile);
    if (machine) await machine.end(signal);
    else if (pid !== null) await endMachine(pid, files.name, signal);
    await this.endOthers(machineId, files.seat);
    if (record?.home) this.settleHome(files, record.home);
    await this.layout.clearSeat(files);
    this.layout.remove(machineId);
    this.homes.release(machineId);
  }
  /**
   * What the machine holds of its home only in memory goes to the disk that stays. One that stands still has to go on for
   * it; one that does not answer loses what a real one would that is switched off.
   */
  private async writeHome(machineId: string, machine: LiveMachine): Promise<void> {
    try {
      await machine.hold(false);
      await bounded('Writing the home', syncMs, undefined, async (s) => machine.boot.sync?.(s));
    } catch (error) {
      this.logger.warn({ machineId, err: error }, 'a machine did not write its home before its end');
    }
  }

  /** Lets go of all machines; they run on and are found again. */
  async close(): Promise<void> {
    for (const { stop } of this.making.values()) stop.abort(new Error('the backend was closed'));
    for (const { stop } of this.works.values()) stop.abort(new Error('the backend was closed'));
    await Promise.allSettled([...this.making.values(), ...this.works.values()].map(({ done }) => done));
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
