/** Milliseconds. */
export interface ForecastLimits {
  /** Over about this long, arrivals are averaged. */
  memoryMs: number;
  /** What was once needed is kept at least this long. */
  holdMs: number;
}

export const forecastLimits: ForecastLimits = { memoryMs: 60_000, holdMs: 120_000 };

export interface Outlook {
  /** Machines to have ready, for whoever comes while others are being made; bounded by nobody yet. */
  ready: number;
  /** What it is made of: arrivals a minute, and how long a machine takes. */
  perMinute: number;
  makeMs: number;
}

/**
 * How many machines one pool should have ready so that callers find them, from how often callers came lately and how long
 * a machine takes: as many as come while one is made, and twice the spread of that many random arrivals on top. It
 * follows a rise at once; a fall only after `holdMs` in which the higher level was not needed, and then one machine at a
 * time, so that chance gaps between callers neither end machines nor make them. Without arrivals it is nothing within
 * minutes. Times are monotonic milliseconds, passed in.
 */
export class Forecast {
  /** Arrivals in memory, each fading with time. */
  private weight = 0;
  private at = 0;
  private makeMs: number | null = null;
  private level = 0;
  /** When the level was last needed, or lowered. */
  private neededAt = 0;

  constructor(private readonly limits: ForecastLimits = forecastLimits) {}

  /** Somebody asked for a machine. */
  arrived(now: number): void {
    this.fade(now);
    this.weight += 1;
    this.settle(now);
  }
  /** A machine came up after so long. */
  made(ms: number): void {
    this.makeMs = this.makeMs === null ? ms : this.makeMs + (ms - this.makeMs) / 4;
  }
  look(now: number): Outlook {
    this.fade(now);
    this.settle(now);
    return { ready: this.level, perMinute: this.rate() * 60_000, makeMs: this.makeMs ?? 0 };
  }

  /** Arrivals a millisecond. One alone is no stream. */
  private rate(): number {
    return this.weight < 1.5 ? 0 : this.weight / this.limits.memoryMs;
  }
  private fade(now: number): void {
    this.weight *= Math.exp(-Math.max(0, now - this.at) / this.limits.memoryMs);
    this.at = Math.max(this.at, now);
  }
  private settle(now: number): void {
    const during = this.rate() * (this.makeMs ?? 0);
    const needed = during === 0 ? 0 : Math.ceil(during + 2 * Math.sqrt(during));
    if (needed >= this.level) {
      this.level = needed;
      this.neededAt = now;
      return;
    }
    // The first step down after `holdMs`, the others sooner: nothing is left after a few minutes.
    if (now - this.neededAt < this.limits.holdMs) return;
    this.level -= 1;
    this.neededAt = now - this.limits.holdMs + Math.min(this.limits.holdMs, this.limits.holdMs / (this.level + 1));
  }
}
