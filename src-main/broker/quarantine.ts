import type { Clock } from '../base/clock';
import type { MachineRow } from '../store/machines';

/** How long somebody's word keeps a quarantined machine. Milliseconds. */
export const keepMs = 3_600_000;

type Set = Pick<MachineRow, 'machineId' | 'state' | 'since' | 'keptUntil'>;

/**
 * How long machines were set aside, and until when they are kept. Counted on the clock that never jumps, from when this
 * broker first saw it so; what was before that is read off the wall clock, and never believed to be more than the whole
 * span, in either direction.
 */
export class Quarantine {
  private readonly first = new Map<string, { since: string; at: number; before: number }>();
  private readonly kept = new Map<string, { until: string; at: number }>();

  constructor(private readonly clock: Clock) {}

  /** Milliseconds in its state. */
  ageMs({ machineId, since }: Set, atMost: number): number {
    const now = this.clock.monotonic();
    let seen = this.first.get(machineId);
    if (seen?.since !== since) {
      const before = Math.min(atMost, Math.max(0, this.clock.now() - Date.parse(since)));
      this.first.set(machineId, (seen = { since, at: now, before }));
    }
    return seen.before + now - seen.at;
  }
  /** Milliseconds that somebody's word still keeps it. */
  keptMs({ machineId, keptUntil }: Set): number {
    if (keptUntil === null) return 0;
    const now = this.clock.monotonic();
    let seen = this.kept.get(machineId);
    if (seen?.until !== keptUntil) {
      const left = Math.min(keepMs, Math.max(0, Date.parse(keptUntil) - this.clock.now()));
      this.kept.set(machineId, (seen = { until: keptUntil, at: now + left }));
    }
    return Math.max(0, seen.at - now);
  }
  forget(machineId: string): void {
    this.first.delete(machineId);
    this.kept.delete(machineId);
  }
}
