import type { Clock } from '../clock';

/** Time as laptops know it: a wall clock that jumps, and sleep, after which timers come late. Moves only when told to. */
export class UnevenClock implements Clock {
  private wall = Date.UTC(2026, 0, 1);
  private steady = 1000;
  private readonly timers = new Set<{ at: number; run: () => void }>();

  now(): number {
    return this.wall;
  }
  monotonic(): number {
    return this.steady;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.steady + ms, run };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }
  /** Awake: what falls due runs at its time. */
  pass(ms: number): void {
    const end = this.steady + ms;
    for (;;) {
      const next = this.next();
      if (!next || next.at > end) break;
      this.timers.delete(next);
      this.wall += Math.max(0, next.at - this.steady);
      this.steady = Math.max(this.steady, next.at);
      next.run();
    }
    this.wall += end - this.steady;
    this.steady = end;
  }
  /** The computer sleeps; `counted`: the monotonic clock goes on meanwhile, as on some systems. Timers run as it wakes. */
  sleep(ms: number, counted: boolean): void {
    this.wall += ms;
    if (counted) this.steady += ms;
    // Those that were due while it slept, not what they begin.
    const late = [...this.timers].filter((timer) => timer.at <= this.steady).sort((a, b) => a.at - b.at);
    for (const timer of late) if (this.timers.delete(timer)) timer.run();
  }
  /** Somebody sets the clock. */
  jump(ms: number): void {
    this.wall += ms;
  }
  private next(): { at: number; run: () => void } | undefined {
    return [...this.timers].sort((a, b) => a.at - b.at)[0];
  }
}
