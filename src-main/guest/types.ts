import type { Duplex } from 'node:stream';
import type { LinkTarget } from '../sandbox/backend';

export interface GuestWindow {
  title: string;
  processName: string;
  handle: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface ExecResult {
  stdout: string;
  stderr: string;
  exitCode: number | null;
  success: boolean;
  timedOut: boolean;
  /** True when output went past 32 KiB and was cut. */
  truncated: boolean;
}

export interface GuestHealth {
  machineId: string;
  /** Made fresh by the agent at its start: a reset is believed only when it changed. */
  bootId: string;
  epoch: number;
  screenReady: boolean;
  /** The session's own processes (window manager, panel) run under their own user. */
  sessionReady: boolean;
  /** Bytes that programs of the session can still write. Absent: its agent does not tell. */
  disk?: { freeBytes: number; homeFreeBytes: number } | undefined;
  /** What `mark` left; null in a machine that nobody has had. Absent: its agent takes no marks and does not settle. */
  mark?: string | null | undefined;
}

/**
 * The in-guest agent of one machine, over its link. Every call has a deadline (default 10 s) and fails with a
 * WheelhouseError: guest_failed, guest_timeout, stale_epoch, bad_request, not_found (no such window, file or program),
 * forbidden (not from this folder), too_large, too_many (calls in flight), not_ready (the session has not started). Effects carry the epoch they were admitted under.
 */
export interface GuestClient {
  readonly target: LinkTarget;
  health(timeoutMs?: number): Promise<GuestHealth>;
  /** From now on the agent refuses effects under an older epoch. */
  setEpoch(epoch: number): Promise<void>;
  /** Marks the machine as used (1-128 characters), for as long as it lives. not_supported by an agent from before it. */
  mark(mark: string): Promise<void>;
  /**
   * Ends every program of the session: asked to, waited for at most `ms` (0-10 000), then by force; writes everything to
   * the disks. The session does not come back in this machine: `sessionReady` is false and its calls fail with
   * guest_failed. Idempotent. not_supported by an agent from before it; fails as other calls do 5 s after `ms`.
   */
  settle(ms: number): Promise<{ ended: number; killed: number }>;
  exec(
    call: { epoch: number; command: string; cwd?: string; timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<ExecResult>;
  listWindows(): Promise<GuestWindow[]>;
  activateWindow(call: { epoch: number; title: string }): Promise<GuestWindow>;
  closeWindow(call: {
    epoch: number;
    title: string;
  }): Promise<{ matchedTitle: string; processName: string; closed: boolean }>;
  launch(call: { epoch: number; path: string; args: string[] }): Promise<{ path: string; pid: number }>;
  listProcesses(maxCount: number): Promise<{ pid: number; name: string; memoryBytes: number }[]>;
  clipboardRead(): Promise<string>;
  clipboardWrite(call: { epoch: number; text: string }): Promise<void>;
  /** At most 4 MiB; paths under the session's home (or /tmp), as the session's user. */
  readFile(path: string): Promise<Buffer>;
  writeFile(call: { epoch: number; path: string; data: Buffer; mode?: number }): Promise<void>;
  /** Fires once when the link is lost for good (after its own retries). */
  onLost(listener: (reason: string) => void): () => void;
  close(): void;
}

export type ConnectGuest = (target: LinkTarget, signal: AbortSignal) => Promise<GuestClient>;
/** A raw RFB stream to the machine's X server, through the agent; both ends proven first. One a viewer, one for the hub. */
export type OpenRfb = (target: LinkTarget, signal: AbortSignal) => Promise<Duplex>;
