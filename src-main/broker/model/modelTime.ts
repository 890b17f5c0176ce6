import type { Clock } from '../../base/clock';

interface Timer {
  at: number;
  order: number;
  every: number | null;
  run: () => void;
}

const replaced = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;

/**
 * The time of one run: a clock for the broker, and every timer of the process while it is installed, so that deadlines
 * deep in the link obey it too. It moves when told to. `setImmediate` stays real: it lets sockets breathe.
 */
export class ModelTime {
  private steady = 1000;
  private wall = Date.UTC(2026, 0, 1);
  private orders = 0;
  private readonly timers = new Map<object, Timer>();

  readonly clock: Clock = {
    now: () => this.wall,
    monotonic: () => this.steady,
    after: (ms, run) => {
      const handle = this.add(ms, run, null);
      return () => void this.timers.delete(handle);
    },
  };

  /** Takes the process's timers; returns what gives them back. */
  install(): () => void {
    const own: Record<(typeof replaced)[number], unknown> = {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.add(ms, () => run(...args), null),
      setInterval: (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
        this.add(ms, () => run(...args), ms),
      clearTimeout: (handle: object) => void this.timers.delete(handle),
      clearInterval: (handle: object) => void this.timers.delete(handle),
    };
    const before = Object.fromEntries(replaced.map((name) => [name, globalThis[name]]));
    Object.assign(globalThis, own);
    return () => void Object.assign(globalThis, before);
  }

  /** Both clocks go on in one step, and whatever fell due runs once, as after a stall. Milliseconds. */
  step(ms: number): void {
    this.wall += ms;
    this.steady += ms;
    this.fire();
  }
  /** The wall clock is set: forward as after a sleep that stopped the steady clock, or backward by a person. */
  setWall(by: number): void {
    this.wall += by;
  }
  /** Timers that wait. */
  get size(): number {
    return this.timers.size;
  }

  private fire(): void {
    const due = [...this.timers].filter(([, timer]) => timer.at <= this.steady);
    due.sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
    for (const [handle, timer] of due) {
      // One that ran before it may have taken it back.
      if (!this.timers.has(handle)) continue;
      if (timer.every === null) this.timers.delete(handle);
      else timer.at = this.steady + timer.every;
      timer.run();
    }
  }
  private add(ms: number, run: () => void, every: number | null): object {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => false, refresh: () => handle };
    this.timers.set(handle, { at: this.steady + Math.max(1, ms), order: ++this.orders, every, run });
    return handle;
  }
}
