/**
 * Idle time, counted on a clock that never goes back. A gap between two ticks that is far longer than a tick means that
 * this process or the whole computer slept: that time is given back to everybody, so that opening a laptop does not
 * evict every session at once. A jump of the wall clock changes nothing, because it is not read here.
 */
export class IdleClock {
  private readonly activeAt = new Map<string, number>();
  private lastTick: number;

  /** gapMs: a longer silence between ticks was sleep, not idleness. */
  constructor(
    now: number,
    private readonly gapMs: number,
  ) {
    this.lastTick = now;
  }
  touch(sessionId: string, now: number): void {
    this.activeAt.set(sessionId, now);
  }
  forget(sessionId: string): void {
    this.activeAt.delete(sessionId);
  }
  idleMs(sessionId: string, now: number): number {
    const since = this.activeAt.get(sessionId);
    return since === undefined ? 0 : Math.max(0, now - since - this.slept(now));
  }
  /** Call regularly. Returns the time that was given back, 0 as a rule. */
  tick(now: number): number {
    const slept = this.slept(now);
    if (slept > 0)
      for (const [sessionId, since] of this.activeAt) this.activeAt.set(sessionId, Math.min(now, since + slept));
    this.lastTick = now;
    return slept;
  }
  private slept(now: number): number {
    const gap = now - this.lastTick;
    return gap > this.gapMs ? gap : 0;
  }
}
