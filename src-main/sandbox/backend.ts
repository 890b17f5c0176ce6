import type { BackendKind, Size } from '@shared/pool';

/** Where a machine's in-guest agent listens, and what proves both ends: see src-shared/link.ts. */
export interface LinkTarget {
  machineId: string;
  /** A unix socket in a private folder, or `tcp:127.0.0.1:PORT`. TLS over TCP comes with clusters. */
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
}

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
  close(): Promise<void>;
}
