import type { Machine, Pool, PoolCreate, PoolPatch } from '@shared/pool';
import type { PoolEntry, PoolImport } from '@shared/poolFile';
import type { AcquireBody, ListQuery, Page, Session } from '@shared/session';
import type { Caller } from '../base/caller';
import type { GuestClient } from '../guest/types';
import type { LinkTarget, SandboxBackend } from '../sandbox/backend';

export interface AcquireRequest extends AcquireBody {
  poolId: string;
  /** The idempotency key, which becomes the session's id; absent: a new one. */
  sessionId?: string;
  caller: Caller;
  /** A branch: its machine goes on from this checkpoint of another session's machine, whose image and size it gets. */
  fromCheckpoint?: { checkpointId: string; machineId: string };
}

/** A session whose machine can be acted on now. */
export interface LiveSession {
  session: Session;
  target: LinkTarget;
  guest: GuestClient;
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
  /** What is needed to act. session_gone, or not_ready while its machine is being re-adopted. */
  connect(sessionId: string): Promise<LiveSession>;
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
  onLive(listener: (session: Session) => void): () => void;
  onEnded(listener: (session: Session) => void): () => void;
  /** Adopts what is there, finishes what was begun, then keeps the pools. */
  start(): Promise<void>;
  /** Stops handing out; machines stay (a restart adopts them) unless `destroy`. */
  stop(options: { destroy: boolean }): Promise<void>;
}
