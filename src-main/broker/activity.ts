import { iso } from '../base/clock';
import type { Core } from './core';
import { IdleClock } from './idleClock';
import type { ActivityView } from './views';

/**
 * When something last happened in each session that has a machine. Kept in memory and written now and then; a crash loses
 * seconds of it, which only makes a session live longer.
 */
export class Activity implements ActivityView {
  private readonly at = new Map<string, number>();
  private readonly unwritten = new Set<string>();
  private readonly idle: IdleClock;
  private nextWrite = 0;

  constructor(private readonly core: Core) {
    this.idle = new IdleClock(core.options.clock.monotonic(), core.limits.sleepGapMs);
  }
  /** Wall-clock milliseconds; undefined for a session that is not followed. */
  lastActivityAt(sessionId: string): number | undefined {
    return this.at.get(sessionId);
  }
  /** Milliseconds, the time that this computer slept left out. */
  idleMs(sessionId: string): number {
    return this.idle.idleMs(sessionId, this.core.options.clock.monotonic());
  }
  sessionIds(): string[] {
    return [...this.at.keys()];
  }

  /** From now on; idleness begins anew. */
  open(sessionId: string, lastActivityAt: string): void {
    this.at.set(sessionId, Date.parse(lastActivityAt));
    this.spare(sessionId);
  }
  touch(sessionId: string): void {
    if (!this.at.has(sessionId)) return;
    this.at.set(sessionId, this.core.options.clock.now());
    this.unwritten.add(sessionId);
    this.spare(sessionId);
  }
  /** Not idle, though nothing happened. */
  spare(sessionId: string): void {
    this.idle.touch(sessionId, this.core.options.clock.monotonic());
  }
  forget(sessionId: string): void {
    this.at.delete(sessionId);
    this.unwritten.delete(sessionId);
    this.idle.forget(sessionId);
  }

  /** From the broker's tick: writes now and then. Returns the time that this computer slept. */
  tick(): number {
    const now = this.core.options.clock.monotonic();
    const slept = this.idle.tick(now);
    if (now >= this.nextWrite) {
      this.nextWrite = now + this.core.limits.activityWriteMs;
      this.write();
    }
    return slept;
  }
  write(): void {
    if (this.unwritten.size === 0 || this.core.stopped) return;
    const written = [...this.unwritten];
    this.unwritten.clear();
    this.core.commit('activity', () => {
      for (const sessionId of written) {
        const at = this.at.get(sessionId);
        const row = this.core.sessions.get(sessionId);
        if (at === undefined || !row) continue;
        this.core.sessions.setActivity(sessionId, iso(at));
        this.core.noteSession(sessionId, row.poolId);
      }
    });
  }
}
