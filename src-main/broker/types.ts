import type { Capacity, CapacityLimits } from '@shared/capacity';
import type { Home } from '@shared/home';
import type { MachineLook, MachineRun } from '@shared/machineLook';
import type { Machine, Pool, PoolCreate, PoolPatch } from '@shared/pool';
import type { PoolEntry, PoolImport } from '@shared/poolFile';
import type { AcquireBody, ListQuery, Page, Session } from '@shared/session';
import type { Caller } from '../base/caller';
import type { GuestClient } from '../guest/types';
import type { HomeContent, LinkTarget, SandboxBackend } from '../sandbox/backend';

/** Among those that wait for the same pool, from 1. */
export interface QueuePlace {
  place: number;
  waiting: number;
}

export interface AcquireRequest extends AcquireBody {
  poolId: string;
  /** The idempotency key, which becomes the session's id; absent: a new one. */
  sessionId?: string;
  caller: Caller;
  /** A branch: its machine goes on from this checkpoint of another session's machine, whose image and size it gets. */
  fromCheckpoint?: { checkpointId: string; machineId: string };
  /** Told its place while it waits, each time that changes; a few times a second at most. */
  onPlace?: (place: QueuePlace) => void;
}

/** A session whose machine can be acted on now. */
export interface LiveSession {
  session: Session;
  target: LinkTarget;
  guest: GuestClient;
}

/** What of a session outlives its machine: `all` of it, or its home alone. `failure`: in words, why not all, where all was wanted. */
export interface Kept {
  all: boolean;
  failure: string | null;
}

/** `wake` false: never resumes a suspended session. true: also one that a person has stopped (control_paused otherwise). */
export interface ConnectOptions {
  wake?: boolean;
  signal?: AbortSignal;
  /** Told what it waits for, now and then, in words. */
  progress?: (words: string) => void;
}

/** Computer-Create and Computer-Get. Errors carry codes of src-shared/errors.ts. */
export interface Broker {
  pools: {
    list(): Pool[];
    get(id: string): Pool;
    create(input: PoolCreate): Pool;
    update(id: string, patch: PoolPatch): Pool;
    /** conflict while it has live sessions, unless forced (which releases them). */
    /** All or nothing; twice is as once. `dryRun` only says what would change. conflict, not_supported. */
    import(entries: readonly PoolEntry[], options: { dryRun: boolean }): PoolImport;
    delete(id: string, options: { force: boolean }): Promise<void>;
    machines(id: string): Promise<Machine[]>;
    destroyMachine(machineId: string): Promise<void>;
    /** Tries again at once where failures made it wait. */
    retry(id: string): Pool;
  };
  /** A closer look at one machine; `run` and `keep` for quarantined ones alone (conflict). */
  machines: {
    look(machineId: string): Promise<MachineLook>;
    /** One command, for admins; who ran what is logged. Throws guest_failed, guest_timeout. */
    run(machineId: string, command: string, by: string): Promise<MachineRun>;
    /** Keeps a quarantined machine for an hour from now, whatever comes after it. */
    keep(machineId: string): Machine;
  };
  /** Homes that outlive machines. Agents see their own. */
  homes: {
    list(filter?: { poolId?: string; caller?: string }): Home[];
    get(homeId: string): Home;
    /** conflict while a session has it (suspended ones too); not_found. */
    remove(homeId: string, by: string): Promise<void>;
    read(homeId: string, signal: AbortSignal): Promise<HomeContent>;
  };
  /** What all pools together may take of this computer. Limits hold for machines made from then on. */
  capacity: {
    get(): Capacity;
    set(limits: CapacityLimits): Capacity;
  };
  sessions: {
    /** Agents see their own, operators all. `live` true leaves ended ones out. */
    list(query: ListQuery, caller: Caller, filter?: { live?: boolean }): Page<Session>;
    get(sessionId: string): Session;
    /** By session id or computer id; throws session_gone: never was, has ended, or is not this caller's, as if it never was. */
    byComputer(computerId: string, caller?: Caller): Session;
    /** All, or those of one caller: much cheaper where many are live. */
    live(caller?: string): Session[];
  };
  /** Idempotent by sessionId: the same key and parameters give the same session, other parameters key_reused. */
  acquire(request: AcquireRequest, signal: AbortSignal): Promise<Session>;
  /** Returns when the session has ended; the machine's reset goes on after it. session_gone when it had ended before. */
  release(sessionId: string, by: string, reason: string): Promise<void>;
  /**
   * What is needed to act. session_gone, or not_ready while its machine is being re-adopted. A suspended session is
   * resumed on the way, unless `wake` is false (not_ready, data.suspended); all who ask meanwhile wait for the same.
   */
  connect(sessionId: string, options?: ConnectOptions): Promise<LiveSession>;
  /**
   * Its machine goes, its home stays, and `connect` brings another machine; the ids stay. Idempotent. session_gone;
   * not_supported where its pool has no suspend policy; conflict while a person holds control or a call is in flight.
   */
  suspend(sessionId: string, by: string): Promise<void>;
  /** Activity: any call on the channel, or input of the person who holds control. */
  touch(sessionId: string): void;
  /** The channel's client names itself at its first call. */
  setAgent(sessionId: string, agent: string): void;
  /** The session's machine is lost: it fails, its callers get session_gone, the pool replaces the machine. */
  fail(sessionId: string, reason: string): void;
  /**
   * Stops the session's virtual processors, or lets them go on; idempotent. A frozen machine is not asked for its health,
   * and `connect` to it resolves as ever. session_gone, guest_failed.
   */
  freeze(sessionId: string): Promise<void>;
  thaw(sessionId: string): Promise<void>;
  /**
   * The session's machine saved and put back, by the backend. not_supported where it can't. A restore closes the
   * machine's link, and opens it again to the new process; `connect` waits meanwhile. A machine that is lost on the way
   * fails the session. `state` gets what the backend reports; checkpoints that no session owns are removed by their owner.
   * `begin` is called as a restore's turn comes, which may be long after it was asked for: what it throws ends it there.
   */
  saveMachine(sessionId: string, checkpointId: string, signal: AbortSignal): Promise<{ bytes: number }>;
  restoreMachine(sessionId: string, checkpointId: string, signal: AbortSignal, begin?: () => void): Promise<void>;
  /** The backend of a session's machine, for what is about machines alone (its console, removing its checkpoints). */
  machineOf(sessionId: string): { machineId: string; backend: SandboxBackend };
  /** Looks again at once (after an image was built, say). */
  reconcile(): void;
  /** Fires when a session goes live (`active`, also re-adopted) and when it ends. */
  onLive(listener: (session: Session, resumed?: Kept) => void): () => void;
  /** Suspended, or found suspended after a start: it has no machine. `onLive` says when it has one again. */
  onSuspended(listener: (session: Session, kept: Kept) => void): () => void;
  onEnded(listener: (session: Session) => void): () => void;
  /** Adopts what is there, finishes what was begun, then keeps the pools. */
  start(): Promise<void>;
  /** Before a stop: who waits and who asks for a new session is told not_ready; sessions that are go on. */
  drain(): void;
  /** Stops handing out; machines stay (a restart adopts them) unless `destroy`. */
  stop(options: { destroy: boolean }): Promise<void>;
}
