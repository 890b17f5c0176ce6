import type { Clock } from '../../base/clock';
import type { RfbConnection } from '../rfb/connection';

/** Between two pictures when nobody watches and nothing acts, milliseconds. */
const IDLE_MS = 1_000;
/** How long the full rate outlives the last thing that wanted it. */
const LINGER_MS = 2_000;

/**
 * When pictures are asked for. Watched or acted on: the server sends every change by itself (ContinuousUpdates), or is
 * asked again after each one where it can't. Otherwise one request a second, which it answers once something changed.
 */
export class Pace {
  private wanted = false;
  private until = 0;
  private full = false;
  private stopTimer: () => void = () => {};
  private stopLinger: () => void = () => {};
  private closed = false;

  constructor(
    private readonly connection: RfbConnection,
    private readonly clock: Clock,
  ) {}

  /** Updates come without asking. */
  get pushed(): boolean {
    return this.full && this.connection.continuous;
  }

  demand(wanted: boolean): void {
    this.wanted = wanted;
    this.decide();
  }

  /** Something acts: full rate now and for a while. */
  touch(): void {
    this.until = this.clock.monotonic() + LINGER_MS;
    this.decide();
  }

  /** An update was taken in. */
  updated(): void {
    if (this.closed || this.pushed) return;
    if (this.full) this.connection.request(true);
    else this.askLater();
  }

  /** Regions given to the server are for the old size. */
  resized(): void {
    if (this.pushed) this.connection.setContinuous(true);
    this.connection.requested = false;
    this.connection.request(false);
  }

  close(): void {
    this.closed = true;
    this.stopTimer();
    this.stopLinger();
  }

  private decide(): void {
    if (this.closed) return;
    const left = this.until - this.clock.monotonic();
    const full = this.wanted || left > 0;
    if (full && !this.wanted) {
      this.stopLinger();
      this.stopLinger = this.clock.after(left, () => this.decide());
    }
    if (full === this.full) return;
    this.full = full;
    this.stopTimer();
    if (this.connection.continuous) this.connection.setContinuous(full);
    if (full) this.connection.request(true);
    else this.askLater();
  }

  private askLater(): void {
    this.stopTimer();
    this.stopTimer = this.clock.after(IDLE_MS, () => this.connection.request(true));
  }
}
