import type { Checkpoint } from '@shared/checkpoint';
import { WheelhouseError } from '../base/errors';
import type { SandboxBackend } from '../sandbox/backend';
import { checkpointStore, toCheckpoint, type CheckpointRow } from '../store/checkpoints';
import type { CheckpointDeps, CheckpointLimits } from './deps';

/**
 * The rows of the store, their files on the backends, and who is busy with which: what saving, restoring and removing
 * have in common. Every change of a row is announced.
 */
export class Shelf {
  readonly store;
  /** One save or restore at a time a session. */
  private readonly busy = new Map<string, Promise<unknown>>();
  /** Checkpoints that something goes on from just now, with how many. */
  private readonly used = new Map<string, number>();
  private readonly removing = new Set<Promise<void>>();

  constructor(
    private readonly deps: CheckpointDeps,
    private readonly limits: CheckpointLimits,
  ) {
    this.store = checkpointStore(deps.db);
  }

  list = (sessionId: string): Checkpoint[] => this.store.ofSession(sessionId).map(toCheckpoint);

  /** not_found for an unknown one and one of another session; conflict while it is being saved or when it failed. */
  ready(sessionId: string, checkpointId: string): CheckpointRow {
    const row = this.find(sessionId, checkpointId);
    if (row.state === 'ready') return row;
    const words = row.state === 'saving' ? 'It is still being saved.' : `It was not saved: ${row.reason}`;
    throw new WheelhouseError('conflict', words, { state: row.state });
  }
  find(sessionId: string, checkpointId: string): CheckpointRow {
    const row = this.store.get(checkpointId);
    if (row?.session_id === sessionId) return row;
    throw new WheelhouseError('not_found', `This session has no checkpoint ${checkpointId}.`);
  }

  get spared(): ReadonlySet<string> {
    return new Set(this.used.keys());
  }
  isBusy = (sessionId: string): boolean => this.busy.has(sessionId);

  /** Runs the work as the session's one save or restore; conflict when there is one. */
  async alone<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    if (this.busy.has(sessionId)) {
      throw new WheelhouseError(
        'conflict',
        'A checkpoint of this session is being saved or restored just now. Try again in some seconds.',
      );
    }
    const running = work();
    this.busy.set(
      sessionId,
      running.catch(() => {}),
    );
    try {
      return await running;
    } finally {
      this.busy.delete(sessionId);
    }
  }

  /** The files stay for as long as the work goes on. */
  async using<T>(checkpointId: string, work: () => Promise<T>): Promise<T> {
    this.used.set(checkpointId, (this.used.get(checkpointId) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const left = (this.used.get(checkpointId) ?? 1) - 1;
      if (left > 0) this.used.set(checkpointId, left);
      else {
        this.used.delete(checkpointId);
        // It was removed meanwhile, and its files waited.
        if (!this.store.get(checkpointId)) this.dropFiles(checkpointId);
      }
    }
  }

  announce(checkpointId: string): void {
    const row = this.store.get(checkpointId);
    if (row) this.deps.bus.emit({ event: 'checkpoint', data: toCheckpoint(row) });
  }

  /** The row goes first: files without a row are nobody's, and are found again. */
  remove(row: CheckpointRow): void {
    if (!this.store.remove(row.id)) return;
    const { session_id: sessionId, id: checkpointId } = row;
    this.deps.bus.emit({ event: 'checkpoint_removed', data: { sessionId, checkpointId } });
    if (!this.used.has(checkpointId)) this.dropFiles(checkpointId, row.backend);
  }

  /** From the backend that has them, or, when that is not known any more, from all. Never throws: the next start looks again. */
  dropFiles(checkpointId: string, kind?: CheckpointRow['backend']): void {
    const { backends, logger } = this.deps;
    const concerned: (SandboxBackend | undefined)[] = kind ? [backends.get(kind)] : [...backends.values()];
    for (const backend of concerned) {
      const work = (async () => {
        try {
          await backend?.checkpoints?.remove(checkpointId, AbortSignal.timeout(this.limits.removeMs));
        } catch (error) {
          logger.warn({ err: error, checkpointId }, 'files of a checkpoint stay until the next start');
        }
      })();
      this.removing.add(work);
      void work.finally(() => this.removing.delete(work));
    }
  }

  /** The session is over: its checkpoints go, once nothing writes them any more. */
  async ended(sessionId: string): Promise<void> {
    await this.busy.get(sessionId);
    for (const row of this.store.ofSession(sessionId)) this.remove(row);
  }

  /** Resolves when nothing is being saved, restored or removed. */
  async idle(): Promise<void> {
    await Promise.all([...this.busy.values(), ...this.removing]);
  }
}
