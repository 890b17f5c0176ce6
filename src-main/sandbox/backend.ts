import type { Readable } from 'node:stream';
import type { BackendKind, Size } from '@shared/pool';
import { WheelhouseError } from '../base/errors';

/** Where a machine's in-guest agent listens, and what proves both ends: see src-shared/link.ts. */
export interface LinkTarget {
  machineId: string;
  /**
   * A unix socket in a private folder, or `tcp:127.0.0.1:PORT`. TLS over TCP comes with clusters.
   * `rfb:BOOTID:SOCKET`: no agent inside, only a screen, which a VNC server serves on this unix socket; BOOTID names one
   * start of the machine.
   */
  path: string;
  /** Shared by the broker and this machine's in-guest agent alone; never logged. */
  secret: string;
}

export interface MachineSpec {
  machineId: string;
  poolId: string;
  /** The image's tag as the backend knows it (already resolved from `desktop`). */
  image: string;
  size: Size;
  secret: string;
  /**
   * The new machine goes on from there, with an identity of its own, instead of from the clean desktop. It bears the mark
   * that its original bore then.
   */
  fromCheckpoint?: string;
  /** The home that it gets, made when there is none; absent: a home that goes with the machine. Never with `fromCheckpoint` of another home. */
  home?: MachineHome;
}

/** A home of its own, kept beyond its machines; at most one machine has it at a time. `quotaMiB` bounds it when it is made. */
export interface MachineHome {
  homeId: string;
  quotaMiB: number;
  /** Somebody had it before: when it is gone, an empty one is not made in its place (guest_failed, data.reason `home_lost`). */
  mustExist?: boolean;
}

/** What somebody kept is not there any more: said, never replaced by an empty one. */
export const homeLost = (homeId: string): WheelhouseError =>
  new WheelhouseError('guest_failed', `The disk of the home ${homeId} is gone from its backend. Delete the home.`, {
    ...{ homeId, reason: 'home_lost' },
  });

/** What a backend finds when it looks. `running` false: stopped, dead or paused, said in `state`. */
export interface ObservedMachine {
  machineId: string;
  poolId: string;
  image: string;
  running: boolean;
  paused: boolean;
  state: string;
}

export interface BackendStatus {
  reachable: boolean;
  version: string | null;
  /** Why it is not reachable, in words, with what to do. */
  message: string;
  /** What keeps machines apart: 'emulated' never satisfies isolationRequired. */
  isolation: 'container' | 'vm' | 'emulated' | 'none';
}

/**
 * A maker of machines. Every call is idempotent by machineId and honours its signal; every failure is a WheelhouseError
 * (backend_unreachable, image_missing, guest_failed, timeout). A backend knows nothing of sessions, and touches nothing
 * that does not carry this installation's label. `backend.contract.ts` is the suite that every backend passes.
 */
export interface SandboxBackend {
  readonly kind: BackendKind;
  probe(signal: AbortSignal): Promise<BackendStatus>;
  /** The tag behind a pool's image name, or null when it does not exist here. */
  resolveImage(name: string, signal: AbortSignal): Promise<string | null>;
  /** Creates and starts; a second call for the same id finishes or returns what the first began. Does not wait for readiness. */
  create(spec: MachineSpec, signal: AbortSignal): Promise<void>;
  /** Where to reach the machine's agent, for as long as the machine runs. The secret comes from the store. */
  linkPath(machineId: string): string;
  /** Starts what must not start before the agent has taken its secret (the session's own processes). Idempotent. */
  afterFirstContact(machineId: string, signal: AbortSignal): Promise<void>;
  /** All machines of this installation, running or not. */
  list(signal: AbortSignal): Promise<ObservedMachine[]>;
  /** Gone afterwards, with all that belonged to it; no error when it was gone before. */
  destroy(machineId: string, signal: AbortSignal): Promise<void>;
  pause(machineId: string, signal: AbortSignal): Promise<void>;
  unpause(machineId: string, signal: AbortSignal): Promise<void>;
  stats(machineId: string, signal: AbortSignal): Promise<{ cpuPercent: number; memoryBytes: number } | null>;
  /** The last lines of the machine's console, for a look at a failure. */
  logs(machineId: string, lines: number, signal: AbortSignal): Promise<string[]>;
  /** Calls back when the backend itself saw a machine end (an event stream); returns its disposer. */
  onExit(listener: (machineId: string, reason: string) => void): () => void;
  /** What an image offers, by its tag; absent: the desktop image's agent, no console log. */
  describe?(image: string): MachineTraits;
  /** The images a pool can name, for people to choose from; absent: `desktop` alone. */
  images?(signal: AbortSignal): Promise<{ name: string; words: string; guestAgent: boolean }[]>;
  /**
   * Machines that nobody has are kept paused: `pause` after the check that made one ready, `unpause` as it is handed out.
   * Absent or false: they run. `optional`: as their pool says (`warm.freeze`).
   */
  readonly parks?: boolean | 'optional';
  /**
   * `pause` for a machine that nobody has had yet: it may first do, in the background, what its first call would wait for.
   * `pause` and `unpause` end that. Absent: `pause` does.
   */
  park?(machineId: string, secret: string, signal: AbortSignal): Promise<void>;
  /**
   * Makes beforehand, once for an image and size, what its first machine would wait for (a minute or more). Resolves at
   * once when it is there. Absent: there is nothing to make. When it fails, machines can still be made, slowly.
   */
  prepare?(image: string, size: Size, signal: AbortSignal): Promise<void>;
  /** Absent: this backend keeps no checkpoints. */
  readonly checkpoints?: MachineCheckpoints;
  /** Absent: this backend keeps no homes. */
  readonly homes?: MachineHomes;
  /**
   * For an admin's look at a quarantined machine: one command as the session's user, without the machine's own agent.
   * Output, both streams in one, is cut at `maxBytes`. guest_failed (not running, paused), guest_timeout. Absent: only
   * the link runs commands.
   */
  exec?(
    machineId: string,
    command: string,
    bounds: { timeoutMs: number; maxBytes: number },
    signal: AbortSignal,
  ): Promise<{ output: string; exitCode: number | null; truncated: boolean }>;
  /** More about the backend for Diagnostics, each a name and words: the accelerator, the image, saved desktops. */
  facts?(signal: AbortSignal): Promise<{ name: string; words: string }[]>;
  close(): Promise<void>;
}

export interface MachineTraits {
  guestAgent: boolean;
  consoleLog: boolean;
  /** False: this image's machines have none, though the backend keeps some of others. Absent: as the backend. */
  checkpoints?: boolean;
  /** False: this image's machines get no home that is kept (`create` with one: not_supported). Absent: as the backend. */
  homes?: boolean;
}

/** Saved machines: memory, disk and home, under ids that the broker makes. They outlive their machine and the broker. */
export interface MachineCheckpoints {
  /**
   * Stops the machine for as long as it takes, saves it whole, and lets it go on as it was (a paused one stays paused).
   * Idempotent by checkpointId. Resolves with what it takes on disk. Throws guest_failed (data.reason `disk_full` when the
   * disk was), timeout; then there is nothing under the id and the machine goes on.
   */
  create(machineId: string, checkpointId: string, signal: AbortSignal): Promise<{ bytes: number }>;
  /**
   * Puts the machine back to it: the same machineId and secret, a new process, a new boot id, another link path, running.
   * The old process ends only when the new one has loaded: on failure the machine goes on as it was (guest_failed), and
   * only a failure after that (data.lost true) loses it.
   */
  restore(machineId: string, checkpointId: string, secret: string, signal: AbortSignal): Promise<void>;
  /** No error when it was gone. */
  remove(checkpointId: string, signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<{ checkpointId: string; bytes: number }[]>;
}

/** Homes of this installation. One outlives its machines: `destroy` leaves a home that came by `MachineSpec.home`. */
export interface MachineHomes {
  /** The home's disk ends at its quota. False: use is measured and said, and nothing ends it. */
  readonly enforcesQuota: boolean;
  /** Bytes used on disk, null while not known; `machineId` of the machine that has it now. */
  list(signal: AbortSignal): Promise<{ homeId: string; bytes: number | null; machineId: string | null }[]>;
  /**
   * Gives a ready machine a home (a second disk, plugged in now), mounted before it resolves; it has a new boot id then.
   * Absent: a machine has the home that it was made with.
   */
  attach?(machineId: string, home: MachineHome, secret: string, signal: AbortSignal): Promise<void>;
  /**
   * All of it, to be stored elsewhere: a tar of its files, or its disk. conflict while a machine has it and it can't be
   * read beside that; not_found. The reader ends the stream, or destroys it.
   */
  read(homeId: string, signal: AbortSignal): Promise<HomeContent>;
  /** conflict while a machine has it; no error when it was gone. */
  remove(homeId: string, signal: AbortSignal): Promise<void>;
}

/** `bytes` when it is known beforehand. */
export interface HomeContent {
  format: 'tar' | 'qcow2';
  bytes: number | null;
  stream: Readable;
}
