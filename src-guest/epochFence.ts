import { GuestError } from './guestError';

interface Effect {
  epoch: number;
  controller: AbortController;
  ended: Promise<void>;
}

/**
 * The machine's last word on who may act: the highest control epoch it has seen. An effect under an older one comes
 * from a holder that lost control and woke up late; one that still runs when control passes on is cut off.
 */
export class EpochFence {
  private highest = 0;
  private readonly effects = new Set<Effect>();

  get epoch(): number {
    return this.highest;
  }
  /** From this call on nothing older is let in. Resolves when all that was older and under way has been cut off and has ended. */
  async raise(epoch: number): Promise<void> {
    this.highest = Math.max(this.highest, epoch);
    const older = [...this.effects].filter((effect) => effect.epoch < epoch);
    const reason = new GuestError('guest_failed', `Cut off: control has passed on (epoch ${epoch}).`);
    for (const { controller } of older) controller.abort(reason);
    await Promise.all(older.map(({ ended }) => ended));
  }
  /** Runs an effect, which must end soon after `controller` is aborted. Throws stale_epoch, or raises the fence to `epoch`. */
  async run<T>(epoch: number, controller: AbortController, work: () => Promise<T>): Promise<T> {
    if (epoch < this.highest) {
      throw new GuestError('stale_epoch', `Epoch ${epoch} is over: control has passed on (epoch ${this.highest}).`);
    }
    void this.raise(epoch);
    const running = work();
    const ended = running.then(
      () => {},
      () => {},
    );
    const effect = { epoch, controller, ended };
    this.effects.add(effect);
    try {
      return await running;
    } finally {
      this.effects.delete(effect);
    }
  }
}
