import { GuestError } from './guestError';

/**
 * The machine's last word on who may act: the highest control epoch it has seen. An effect under an older one comes
 * from a holder that lost control and woke up late.
 */
export class EpochFence {
  private highest = 0;

  get epoch(): number {
    return this.highest;
  }
  raise(epoch: number): void {
    this.highest = Math.max(this.highest, epoch);
  }
  /** Throws stale_epoch, or raises the fence to `epoch`. */
  admit(epoch: number): void {
    if (epoch < this.highest) {
      throw new GuestError('stale_epoch', `Epoch ${epoch} is over: control has passed on (epoch ${this.highest}).`);
    }
    this.raise(epoch);
  }
}
