import { join } from 'node:path';
import type { ErrorCode } from '@shared/errors';
import type { BackendKind } from '@shared/pool';
import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import type { MachineCheckpoints, MachineSpec, ObservedMachine, SandboxBackend } from '../backend';
import { RuntimeFolder } from '../runtimeFolder';
import { CheckpointFiles } from './checkpoints';
import { FakeFiles, homeFolder } from './fakeFiles';
import { FakeGuest, type GuestFault } from './fakeGuest';
import type { GuestState } from './guestState';
import { FakeHomes } from './homes';

export type { FakeGuest, GuestFault } from './fakeGuest';

/** Switched at any time; `guest` holds for machines created from then on. */
export interface FakeFaults {
  /** The engine does not answer: every call fails with backend_unreachable. */
  unreachable: boolean;
  createFails: ErrorCode | null;
  destroyFails: ErrorCode | null;
  imageMissing: boolean;
  guest: GuestFault;
  /** Milliseconds that a create takes. */
  createDelayMs: number;
  /** Milliseconds that saving or putting back a machine takes. */
  checkpointDelayMs: number;
  /** Saving or putting back fails: with the machine going on, or (`lost`) after its old process has ended. */
  checkpointFails: null | 'guest_failed' | 'disk_full' | 'lost';
  /** Removing a home fails; it stays. */
  homeRemoveFails: ErrorCode | null;
}

export interface FakeOptions {
  dataDir: string;
  image?: string;
  /** Stands in for another backend, so that a test has two. */
  kind?: BackendKind;
  parks?: SandboxBackend['parks'];
  /** Default true. */
  checkpoints?: boolean;
  /** Default true. */
  homes?: boolean;
}

/** An image without an agent inside: only a screen. */
export const screenOnlyImage = 'wheelhouse/fake-screen:1';

export interface FakeBackend extends SandboxBackend {
  readonly faults: FakeFaults;
  /** Ids of machines for which create was called, in order, repeats included. */
  readonly created: readonly string[];
  guest(machineId: string): FakeGuest | undefined;
  /** The machine ends by itself, as a crashed container does; it stays listed until destroyed. */
  kill(machineId: string, reason?: string): void;
}

interface FakeMachine {
  spec: MachineSpec;
  guest: FakeGuest;
  path: string;
  state: 'running' | 'paused' | 'exited';
  log: string[];
}

/** Machines inside this process: real sockets, the real link, a fake screen. For tests of everything above the backend. */
export function createFakeBackend(options: FakeOptions): FakeBackend {
  const saved = new CheckpointFiles(options.dataDir);
  const folder = new RuntimeFolder(options.dataDir);
  const machines = new Map<string, FakeMachine>();
  const creating = new Map<string, Promise<void>>();
  const starting = new Map<string, { spec: MachineSpec }>();
  const exits = new Emitter<{ machineId: string; reason: string }>();
  const created: string[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const faults: FakeFaults = {
    unreachable: false,
    createFails: null,
    destroyFails: null,
    imageMissing: false,
    guest: { kind: 'none' },
    createDelayMs: 0,
    checkpointDelayMs: 0,
    checkpointFails: null,
    homeRemoveFails: null,
  };
  /** One that has ended has its home until it is destroyed, as a container that stopped has its volume. */
  const holderOf = (homeId: string): string | null =>
    [...machines.values(), ...starting.values()].find(({ spec }) => spec.home?.homeId === homeId)?.spec.machineId ??
    null;
  const homes = new FakeHomes(options.dataDir, holderOf);
  const image = options.image ?? 'wheelhouse/fake:1';

  const engine = (signal: AbortSignal) => {
    signal.throwIfAborted();
    if (faults.unreachable) throw new WheelhouseError('backend_unreachable', 'The fake engine is switched off.');
  };
  const pauseFor = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => (timers.delete(timer), resolve()), ms);
      timers.add(timer);
    });
  const kill = (machineId: string, reason = 'exited with code 1') => {
    const machine = machines.get(machineId);
    if (!machine || machine.state === 'exited') return;
    machine.state = 'exited';
    machine.log.push(reason);
    machine.guest.stop();
    exits.emit({ machineId, reason });
  };
  let starts = 0;
  /** One start of a machine, on a path of its own: the old start may still listen on its own. */
  const boot = async (spec: MachineSpec, fault: GuestFault, from?: GuestState) => {
    const home = spec.home;
    const kept = home && homes.take(spec.machineId, home);
    const files = new FakeFiles(home && ((all) => homes.save(home.homeId, all)));
    for (const [path, data] of kept ?? []) files.set(path, data);
    const guest = new FakeGuest(spec, fault, from, files);
    starts += 1;
    const socket = from ? join(folder.machine(spec.machineId), `s${starts}`) : folder.socket(spec.machineId);
    if (spec.image === screenOnlyImage) {
      const bare = join(folder.machine(spec.machineId), `v${starts}`);
      await guest.startScreen(bare);
      return { guest, path: `rfb:${guest.bootId}:${bare}` };
    }
    await guest.start(socket);
    return { guest, path: socket };
  };
  const start = async (spec: MachineSpec) => {
    if (spec.home) homes.take(spec.machineId, spec.home);
    starting.set(spec.machineId, { spec });
    if (faults.createDelayMs > 0) await pauseFor(faults.createDelayMs);
    if (faults.createFails) throw new WheelhouseError(faults.createFails, 'The fake engine was told to fail creates.');
    if (faults.imageMissing || (spec.image !== image && spec.image !== screenOnlyImage)) {
      throw new WheelhouseError('image_missing', `There is no image ${spec.image}.`);
    }
    const fault = faults.guest;
    folder.prepare({ machineId: spec.machineId, secret: spec.secret });
    const from = spec.fromCheckpoint === undefined ? undefined : saved.load(spec.fromCheckpoint);
    const { guest, path } = await boot(spec, fault, from);
    machines.set(spec.machineId, { spec, guest, path, state: 'running', log: ['started'] });
    if (fault.kind === 'dies') void pauseFor(fault.afterMs).then(() => kill(spec.machineId));
  };
  const known = (machineId: string): FakeMachine => {
    const machine = machines.get(machineId);
    if (!machine) throw new WheelhouseError('guest_failed', `There is no machine ${machineId}.`, { machineId });
    return machine;
  };
  const freeze = (machineId: string, frozen: boolean) => {
    const machine = known(machineId);
    if (machine.state === 'exited') throw new WheelhouseError('guest_failed', `${machineId} has ended.`, { machineId });
    machine.state = frozen ? 'paused' : 'running';
    machine.guest.frozen = frozen;
    machine.guest.rfb.hold(frozen);
  };

  /** What saving and putting back have in common; a failure leaves the machine as it was. */
  const mayFail = async (signal: AbortSignal) => {
    if (faults.checkpointDelayMs > 0) await pauseFor(faults.checkpointDelayMs);
    engine(signal);
    const fails = faults.checkpointFails;
    if (fails === 'lost' || fails === null) return;
    const words = fails === 'disk_full' ? 'The disk is full.' : 'The fake engine was told to fail.';
    throw new WheelhouseError('guest_failed', words, fails === 'disk_full' ? { reason: fails } : {});
  };
  const checkpoints: MachineCheckpoints = {
    async create(machineId, checkpointId, signal) {
      engine(signal);
      const machine = known(machineId);
      if (machine.state === 'exited') throw new WheelhouseError('guest_failed', `${machineId} has ended.`);
      const before = saved.bytes(checkpointId);
      if (before !== null) return { bytes: before };
      const state = machine.guest.snapshot();
      await mayFail(signal);
      return { bytes: saved.save(checkpointId, state) };
    },
    async restore(machineId, checkpointId, secret, signal) {
      engine(signal);
      const machine = known(machineId);
      const state = saved.load(checkpointId);
      await mayFail(signal);
      if (faults.checkpointFails === 'lost') {
        machine.state = 'exited';
        machine.guest.stop();
        throw new WheelhouseError('guest_failed', 'The new process ended at once.', { lost: true });
      }
      const { guest, path } = await boot({ ...machine.spec, secret }, { kind: 'none' }, state);
      guest.sessionReady = true;
      machine.guest.stop();
      Object.assign(machine, { guest, path, state: 'running' });
      machine.log.push(`went on from ${checkpointId}`);
    },
    async remove(checkpointId, signal) {
      engine(signal);
      saved.remove(checkpointId);
    },
    async list(signal) {
      engine(signal);
      return saved.list();
    },
  };

  return {
    kind: options.kind ?? 'fake',
    parks: options.parks ?? false,
    ...(options.checkpoints !== false && { checkpoints }),
    ...(options.homes !== false && {
      homes: {
        enforcesQuota: false,
        async list(signal) {
          engine(signal);
          return homes.list();
        },
        async read(homeId, signal) {
          engine(signal);
          return homes.content(homeId);
        },
        async remove(homeId, signal) {
          engine(signal);
          if (faults.homeRemoveFails)
            throw new WheelhouseError(faults.homeRemoveFails, 'The fake engine was told to fail.');
          homes.remove(homeId);
        },
      },
    }),
    async exec(machineId, command, { timeoutMs, maxBytes }, signal) {
      engine(signal);
      const { guest, state } = known(machineId);
      if (state !== 'running') throw new WheelhouseError('guest_failed', `${machineId} is ${state}.`, { machineId });
      const { stdout, stderr, exitCode, timedOut, truncated } = await guest.shell.run(
        command,
        homeFolder,
        timeoutMs,
        signal,
      );
      signal.throwIfAborted();
      if (timedOut) throw new WheelhouseError('guest_timeout', `The command took longer than ${timeoutMs} ms.`);
      const output = Buffer.from(stdout + stderr);
      const cut = output.length > maxBytes;
      return { output: output.subarray(0, maxBytes).toString(), exitCode, truncated: truncated || cut };
    },
    describe: (which) =>
      which === screenOnlyImage
        ? { guestAgent: false, consoleLog: true, homes: false }
        : { guestAgent: true, consoleLog: true },
    async images(signal) {
      engine(signal);
      return [
        { name: 'desktop', words: 'Machines inside this process', guestAgent: true },
        { name: 'screen-only', words: 'A screen without an agent', guestAgent: false },
      ];
    },
    faults,
    created,
    guest: (machineId) => machines.get(machineId)?.guest,
    kill,
    async probe() {
      const reachable = !faults.unreachable;
      const message = reachable ? 'Machines inside this process, for tests.' : 'The fake engine is switched off.';
      return { reachable, version: reachable ? '1' : null, message, isolation: 'none' };
    },
    async resolveImage(name, signal) {
      engine(signal);
      if (!faults.imageMissing && (name === 'screen-only' || name === screenOnlyImage)) return screenOnlyImage;
      return !faults.imageMissing && (name === 'desktop' || name === image) ? image : null;
    },
    async create(spec, signal) {
      engine(signal);
      created.push(spec.machineId);
      if (machines.has(spec.machineId)) return;
      let begun = creating.get(spec.machineId);
      if (!begun) {
        begun = start(spec).finally(() => {
          creating.delete(spec.machineId);
          starting.delete(spec.machineId);
        });
        creating.set(spec.machineId, begun);
      }
      await begun;
    },
    linkPath: (machineId) => machines.get(machineId)?.path ?? folder.socket(machineId),
    async afterFirstContact(machineId, signal) {
      engine(signal);
      folder.forgetSecret(machineId);
      known(machineId).guest.sessionReady = true;
    },
    async list(signal) {
      engine(signal);
      return [...machines.values()].map(({ spec, state }): ObservedMachine => ({
        machineId: spec.machineId,
        poolId: spec.poolId,
        image: spec.image,
        running: state === 'running',
        paused: state === 'paused',
        state,
      }));
    },
    async destroy(machineId, signal) {
      engine(signal);
      if (faults.destroyFails)
        throw new WheelhouseError(faults.destroyFails, 'The fake engine was told to fail destroys.');
      await creating.get(machineId)?.catch(() => {});
      machines.get(machineId)?.guest.stop();
      machines.delete(machineId);
      folder.remove(machineId);
    },
    async pause(machineId, signal) {
      engine(signal);
      freeze(machineId, true);
    },
    async unpause(machineId, signal) {
      engine(signal);
      freeze(machineId, false);
    },
    async stats(machineId, signal) {
      engine(signal);
      return machines.get(machineId)?.state === 'running' ? { cpuPercent: 0.5, memoryBytes: 52_428_800 } : null;
    },
    async logs(machineId, lines, signal) {
      engine(signal);
      return known(machineId).log.slice(-lines);
    },
    onExit: (listener) => exits.on(({ machineId, reason }) => listener(machineId, reason)),
    async close() {
      for (const timer of timers) clearTimeout(timer);
      for (const { guest, spec } of machines.values()) {
        guest.stop();
        folder.remove(spec.machineId);
      }
      machines.clear();
    },
  };
}
