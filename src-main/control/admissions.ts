import type { Clock } from '../base/clock';
import type { Admission } from './types';

/** The agent's actions that were let in and have not ended. */
export class Admissions {
  private readonly open = new Set<AbortController>();
  private draining: Promise<void> | null = null;
  private drained: (() => void) | null = null;

  constructor(
    private readonly clock: Clock,
    private readonly limitMs: number,
  ) {}

  get size(): number {
    return this.open.size;
  }

  admit(epoch: number): Admission {
    const controller = new AbortController();
    this.open.add(controller);
    return {
      epoch,
      signal: controller.signal,
      done: () => {
        if (this.open.delete(controller) && this.open.size === 0) this.drained?.();
      },
    };
  }

  /**
   * Resolves when all have ended, at the latest after the limit: then the rest is aborted with `reason` and no longer
   * counted. Its late effects meet the fence. A second caller shares the first one's limit.
   */
  drain(reason: () => Error): Promise<void> {
    if (this.open.size === 0) return Promise.resolve();
    this.draining ??= new Promise<void>((resolve) => {
      const finish = () => {
        stop();
        this.drained = null;
        this.draining = null;
        resolve();
      };
      const stop = this.clock.after(this.limitMs, () => {
        this.abort(reason());
        finish();
      });
      this.drained = finish;
    });
    return this.draining;
  }

  /** Cuts off everything now: the limit is over, or the session has ended. */
  abort(reason: Error): void {
    const left = [...this.open];
    this.open.clear();
    for (const controller of left) controller.abort(reason);
    this.drained?.();
  }
}
