import { afterAwake, type Clock } from '../base/clock';
import { lapseAfterMs, type Lease, type LeaseEvent } from './lease';

/**
 * The clocks of one hold: when it lapses, and how long its holder has been still. They follow the lease: after every
 * move `follow` arms what the new state needs. They run on the monotonic clock, so that a wall clock that jumps ends no
 * hold; and nobody could come back or touch a key while the computer slept, so that their time is counted anew after it.
 */
export class HoldWatch {
  private stopLapse: (() => void) | null = null;
  private lapseAt: number | null = null;
  private stopIdle: (() => void) | null = null;
  private idleEpoch: number | null = null;
  private lastInput: number;

  constructor(
    private readonly clock: Clock,
    /** Quiet before the countdown begins, in milliseconds. */
    private readonly quietMs: number,
    private readonly tell: (event: LeaseEvent) => void,
  ) {
    this.lastInput = clock.monotonic();
  }

  /** On every input of the holder: nothing but a number. */
  touched(): void {
    this.lastInput = this.clock.monotonic();
  }

  follow(lease: Lease): void {
    const lapse = lease.kind === 'human' || lease.kind === 'paused' ? lease.lapse : null;
    if ((lapse?.at ?? null) !== this.lapseAt) {
      this.stopLapse?.();
      this.stopLapse = null;
      this.lapseAt = lapse?.at ?? null;
      if (lapse) {
        const { at } = lapse;
        const { epoch } = lease;
        const lapsed = (): void => this.tell({ kind: 'lapsed', epoch, at });
        this.stopLapse = afterAwake(this.clock, lapseAfterMs[lapse.reason], lapsed);
      } else {
        // whoever ended the countdown was there
        this.touched();
      }
    }
    if (lease.kind !== 'human' || lapse) return this.stopWatchingIdle();
    if (this.idleEpoch === lease.epoch) return;
    this.stopWatchingIdle();
    this.idleEpoch = lease.epoch;
    this.touched();
    this.watchIdle(lease.epoch);
  }

  stop(): void {
    this.stopLapse?.();
    this.stopLapse = null;
    this.lapseAt = null;
    this.stopWatchingIdle();
  }

  private watchIdle(epoch: number): void {
    const left = Math.max(1, this.lastInput + this.quietMs - this.clock.monotonic());
    this.stopIdle = afterAwake(this.clock, left, () => {
      if (this.clock.monotonic() - this.lastInput < this.quietMs) return this.watchIdle(epoch);
      this.stopWatchingIdle();
      this.tell({ kind: 'idle', epoch });
    });
  }

  private stopWatchingIdle(): void {
    this.stopIdle?.();
    this.stopIdle = null;
    this.idleEpoch = null;
  }
}
