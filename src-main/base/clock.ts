/** Time is passed in, so that tests own it. `now` is wall-clock milliseconds; `monotonic` never goes back. */
export interface Clock {
  now(): number;
  monotonic(): number;
  /** Runs once after `ms`; returns its disposer. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A timer that comes this much too late was held up by the computer's sleep. Milliseconds. */
const sleptMs = 15_000;

/**
 * As `after`, for what people and agents are given time for: none of them could use it while the computer slept, so that
 * a timer that was held up by that runs its whole time again.
 */
export function afterAwake(clock: Clock, ms: number, run: () => void): () => void {
  let stop: () => void = () => {};
  const arm = (): void => {
    const due = clock.monotonic() + ms;
    stop = clock.after(ms, () => (clock.monotonic() - due > sleptMs ? arm() : run()));
  };
  arm();
  return () => stop();
}

/** ISO 8601 of a wall-clock time in milliseconds. */
export const iso = (ms: number): string => new Date(ms).toISOString();

/** A clock that moves only when told to. */
export class FakeClock implements Clock {
  private time: number;
  private readonly timers = new Set<{ at: number; run: () => void }>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.time = start;
  }
  now(): number {
    return this.time;
  }
  monotonic(): number {
    return this.time;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }
  /** Moves time and runs what falls due, in order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.timers.delete(due);
      this.time = Math.max(this.time, due.at);
      due.run();
    }
    this.time = end;
  }
}
