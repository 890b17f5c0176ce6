import { z } from 'zod';
import type { Clock } from '../base/clock';
import { settingsStore } from '../store/settings';
import type { Database } from '../store/database';

/** Milliseconds. */
const hourMs = 3_600_000;
const downtimeMs = 7 * 24 * hourMs;
const writeEveryMs = 60_000;
const settingsKey = 'countedTime';
const savedSchema = z.object({ countedMs: z.number().min(0), wallMs: z.number() });

/** What was counted, and what the wall said then. */
export type CountedTime = z.infer<typeof savedSchema>;

interface Instant {
  wallMs: number;
  monotonicMs: number;
}

/** Not a number, a jump backward and a jump too far forward are not believed. Pure. */
const believed = (ms: number, most: number): number => (ms > 0 ? Math.min(ms, most) : 0);

/**
 * What passed between two looks of one process: the longer of both clocks, because the monotonic one stands still while
 * the computer sleeps and the wall is somebody's to set; never negative, at most an hour. Pure.
 */
export function passed(before: Instant, now: Instant): number {
  const wall = believed(now.wallMs - before.wallMs, hourMs);
  return Math.max(wall, believed(now.monotonicMs - before.monotonicMs, hourMs));
}

/** What is counted when a process begins: what was counted before it, and its absence, at most seven days. Pure. */
export function countedAtStart(saved: CountedTime | undefined, wallMs: number): number {
  return saved === undefined ? 0 : saved.countedMs + believed(wallMs - saved.wallMs, downtimeMs);
}

/**
 * Time for what is kept for days (homes, suspended sessions), in milliseconds since this installation first counted. It
 * never goes back and never leaps: a wrong wall clock makes things live a little longer, never end at once. Counted at
 * every `tick`, written once a minute of it and at `write`; a crash loses nothing that the wall does not bridge.
 */
export class CountedClock {
  private counted: number;
  private last: Instant;
  private written = -Infinity;

  constructor(
    private readonly clock: Pick<Clock, 'now' | 'monotonic'>,
    private readonly store: { load(): CountedTime | undefined; save(time: CountedTime): void },
  ) {
    this.last = this.look();
    this.counted = countedAtStart(store.load(), this.last.wallMs);
  }
  /** Milliseconds counted up to the last tick. */
  get ms(): number {
    return this.counted;
  }
  /** Call regularly. Throws what the store throws; counting goes on all the same. */
  tick(): void {
    const now = this.look();
    this.counted += passed(this.last, now);
    this.last = now;
    if (this.counted - this.written >= writeEveryMs) this.write();
  }
  write(): void {
    this.written = this.counted;
    this.store.save({ countedMs: this.counted, wallMs: this.last.wallMs });
  }
  private look(): Instant {
    return { wallMs: this.clock.now(), monotonicMs: this.clock.monotonic() };
  }
}

/** Kept among the settings. */
export function countedTimeStore(db: Database): { load(): CountedTime | undefined; save(time: CountedTime): void } {
  const settings = settingsStore(db);
  return {
    load: () => settings.get(settingsKey, savedSchema),
    save: (time) => settings.set(settingsKey, time),
  };
}
