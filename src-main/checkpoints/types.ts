import type { Checkpoint, CheckpointCause } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import type { Operator } from '../control/types';

/** Who asks, as the record names them. */
export type CheckpointActor = { kind: 'agent'; name: string; epoch: number } | { kind: 'operator'; operator: Operator };

/**
 * Saved moments of sessions, and the ways back to them. Intent before effect: a checkpoint is written `saving` before the
 * machine is stopped for it, and a restore is on the timeline before it begins. Bounded by the pool's `checkpoints.keep`
 * and by a size over all: policy's own oldest ones make room, then too_many. All end with their session.
 * Errors: session_gone, not_found (no such checkpoint of this session), not_supported (this machine keeps none, with the
 * reason in words), too_many, control_held, guest_failed, conflict (one is being saved or restored just now).
 */
export interface Checkpoints {
  /** Oldest first. */
  list(sessionId: string): Checkpoint[];
  /** Resolves once it is on disk. */
  create(
    sessionId: string,
    by: CheckpointActor,
    request: { name?: string | undefined; cause?: CheckpointCause | undefined },
  ): Promise<Checkpoint>;
  /**
   * In place. By the agent: under its admission; its later calls under the older epoch are refused. By an operator:
   * control is taken for it (and handed back after, with a note that tells the agent what was undone), unless they hold it,
   * and then they keep it. Screens reconnect by themselves.
   */
  restore(
    sessionId: string,
    checkpointId: string,
    by: CheckpointActor,
    /** force: also from another person who holds (admins only). */
    options?: { force?: boolean | undefined },
  ): Promise<Checkpoint>;
  /** A new session of the same pool on a machine that goes on from it. */
  branch(
    sessionId: string,
    checkpointId: string,
    by: Operator,
    request: { name: string },
    signal: AbortSignal,
  ): Promise<Session>;
  remove(sessionId: string, checkpointId: string, by: CheckpointActor): Promise<void>;
  /** The pool's policy before a shell command, within that call's time. Resolves when the command may run; never rejects. */
  beforeCommand(sessionId: string): Promise<void>;
  close(): Promise<void>;
}
