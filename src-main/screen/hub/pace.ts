import type { Clock } from '../../base/clock';
import type { RfbConnection } from '../rfb/connection';

/** Between two pictures when nobody watches and nothing acts, milliseconds. */
const IDLE_MS = 1_000;
/** How long the full rate outlives the last thing that wanted it. */
const LINGER_MS = 2_000;
/** Bytes of pictures in a second above which the server is asked for each, and below which it pushes again: a film. */
const FILM_BYTES = 48_000_000;
const CALM_BYTES = 16_000_000;
/** Between two pictures of a film. */
const FILM_MS = 100;

type Mode = 'idle' | 'pushed' | 'asked' | 'film';

/**
 * When pictures are asked for. Watched or acted on: the server sends every change by itself (ContinuousUpdates), or is
 * asked again after each one where it can't. A screen that changes all over, all the time, is asked ten times a second:
 * at full rate it would take a core to decode what nobody looks at. Otherwise one request a second, which the server
 * answers once something changed.
 */
export class Pace {
  private wanted = false;
  private until = 0;
  private mode: Mode = 'idle';
  private windowStart = 0;
  private windowBytes = 0;
  private stopTimer: () => void = () => {};
  private stopLinger: () => void = () => {};
  private closed = false;

  constructor(
    private readonly connection: Pick<
      RfbConnection,
      'continuous' | 'received' | 'requested' | 'request' | 'setContinuous'
    >,
    private readonly clock: Clock,
  ) {}

  /** Updates come without asking. */
  get pushed(): boolean {
    return this.mode === 'pushed';
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
    if (this.closed) return;
    this.weigh();
    if (this.mode === 'asked') this.connection.request(true);
    if (this.mode === 'film') this.askIn(FILM_MS);
    if (this.mode === 'idle') this.askIn(IDLE_MS);
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
    this.stopLinger();
    if (full && !this.wanted) this.stopLinger = this.clock.after(left, () => this.decide());
    if (!full) this.enter('idle');
    else if (this.mode === 'idle') this.enter(this.connection.continuous ? 'pushed' : 'asked');
  }

  /** Once a second: is this a film, and is it over? */
  private weigh(): void {
    const now = this.clock.monotonic();
    if (now - this.windowStart < 1_000) {
      const bytes = this.connection.received - this.windowBytes;
      if (this.mode === 'pushed' && bytes > FILM_BYTES) this.enter('film');
      return;
    }
    const rate = ((this.connection.received - this.windowBytes) * 1_000) / (now - this.windowStart);
    this.windowStart = now;
    this.windowBytes = this.connection.received;
    if (this.mode === 'film' && rate < CALM_BYTES) this.enter('pushed');
  }

  private enter(mode: Mode): void {
    if (mode === this.mode) return;
    const before = this.mode;
    this.mode = mode;
    this.stopTimer();
    if (before === 'pushed') this.connection.setContinuous(false);
    if (mode === 'pushed') this.connection.setContinuous(true);
    if (mode === 'idle') this.askIn(IDLE_MS);
    else this.connection.request(true);
  }

  private askIn(ms: number): void {
    this.stopTimer();
    this.stopTimer = this.clock.after(ms, () => this.connection.request(true));
  }
}
