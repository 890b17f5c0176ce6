import type { Clock } from '../base/clock';
import { lapseAfterMs, type Lease, type LeaseEvent } from './lease';

/**
 * The clocks of one hold: when it lapses, and how long its holder has been still. They follow the lease: after every
 * move `follow` arms what the new state needs. They run on the monotonic clock, so that a wall clock that jumps, or a
 * computer that slept, ends no hold by itself.
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
        this.stopLapse = this.clock.after(lapseAfterMs[lapse.reason], () => this.tell({ kind: 'lapsed', epoch, at }));
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
    const left = this.lastInput + this.quietMs - this.clock.monotonic();
    this.stopIdle = this.clock.after(Math.max(1, left), () => {
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
