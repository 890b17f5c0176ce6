import type { ControlState } from '@shared/control';
import type { Session } from '@shared/session';
import type { Clock } from '../base/clock';
import { hourMs, type UsageDelta } from '../store/usage';

/** A session that was not looked at for longer than this: the computer slept. Looks come every 2 s. Milliseconds. */
export const sleepGapMs = 15_000;
/** Pictures and checkpoints of a session that are known to be counted. */
const mostKnown = 4096;

type Part = 'activeMs' | 'heldMs' | 'pausedMs' | 'suspendedMs' | null;
type Changing = Omit<UsageDelta, 'frames'> & { frames: Set<string> };

interface Metered {
  poolId: string;
  caller: string;
  control: ControlState['kind'];
  frozen: boolean;
  suspended: boolean;
  /** Calls of the agent that run now. */
  running: number;
  since: number;
  /** What was counted in bytes, so that it is not counted again. */
  known: Set<string>;
  /** Ended; pictures that were on their way still come. */
  over: boolean;
}

/** To which part of a session's time this moment belongs; null is idleness. Pure. */
export function partOf(now: Pick<Metered, 'control' | 'frozen' | 'suspended' | 'running'>): Part {
  if (now.suspended) return 'suspendedMs';
  if (now.frozen || now.control === 'paused') return 'pausedMs';
  if (now.control === 'human' || now.control === 'draining' || now.control === 'handback') return 'heldMs';
  return now.running > 0 ? 'activeMs' : null;
}

/**
 * Counts what sessions use, in memory: every change settles the time since the one before it, by the monotonic clock.
 * `take` hands over what was counted since the last time; what could not be written goes back by `giveBack`.
 */
export class Meter {
  private readonly sessions = new Map<string, Metered>();
  private counted = new Map<string, Changing>();

  constructor(private readonly clock: Clock) {}

  /** From now on its time counts; a session that is known goes on. */
  open(session: Session): void {
    const { sessionId, poolId, caller } = session;
    const known = this.sessions.get(sessionId);
    if (known && !known.over) return this.seen(session);
    this.sessions.set(sessionId, {
      ...{ poolId, caller, running: 0, over: false, known: new Set() },
      ...{ since: this.clock.monotonic(), ...stateOf(session) },
    });
  }
  /** As the session was announced. One that is not open, or not any more, is left alone. */
  seen(session: Session): void {
    this.change(session.sessionId, (metered) => Object.assign(metered, stateOf(session)));
  }
  control(sessionId: string, kind: ControlState['kind']): void {
    this.change(sessionId, (metered) => (metered.control = kind));
  }
  /** The session ended: its time stops. */
  close(sessionId: string): void {
    this.change(sessionId, (metered) => (metered.over = true));
  }
  /** A call began; returns its end. `waits`: it waits for a person, which is nobody's activity. */
  call(sessionId: string, waits: boolean): () => void {
    const metered = this.sessions.get(sessionId);
    if (metered) this.row(sessionId, metered).calls += 1;
    if (waits) return () => {};
    this.change(sessionId, (one) => (one.running += 1));
    return () => this.change(sessionId, (one) => (one.running = Math.max(0, one.running - 1)));
  }
  frame(sessionId: string, hash: string): void {
    const metered = this.sessions.get(sessionId);
    if (metered && firstTime(metered, hash)) this.row(sessionId, metered).frames.add(hash);
  }
  checkpoint(sessionId: string, checkpointId: string, bytes: number): void {
    const metered = this.sessions.get(sessionId);
    if (metered && firstTime(metered, checkpointId)) this.row(sessionId, metered).checkpointBytes += bytes;
  }

  /** Time that passed without a change counts too. */
  settle(): void {
    for (const [sessionId, metered] of this.sessions) this.pass(sessionId, metered);
  }
  /** Everything counted since the last time. Sessions that ended are forgotten by the take after it. */
  take(): UsageDelta[] {
    this.settle();
    const taken = [...this.counted.values()];
    this.counted = new Map();
    for (const [sessionId, { over }] of this.sessions) {
      if (over && !taken.some((delta) => delta.sessionId === sessionId)) this.sessions.delete(sessionId);
    }
    return taken;
  }
  giveBack(deltas: readonly UsageDelta[]): void {
    for (const delta of deltas) {
      const key = `${delta.sessionId} ${delta.hour}`;
      const now = this.counted.get(key);
      if (!now) {
        this.counted.set(key, { ...delta, frames: new Set(delta.frames) });
        continue;
      }
      for (const field of [
        'calls',
        'wallMs',
        'activeMs',
        'heldMs',
        'pausedMs',
        'suspendedMs',
        'checkpointBytes',
      ] as const)
        now[field] += delta[field];
      for (const hash of delta.frames) now.frames.add(hash);
    }
  }

  private change(sessionId: string, how: (metered: Metered) => void): void {
    const metered = this.sessions.get(sessionId);
    if (!metered || metered.over) return;
    this.pass(sessionId, metered);
    how(metered);
  }
  private pass(sessionId: string, metered: Metered): void {
    if (metered.over) return;
    const now = this.clock.monotonic();
    const ms = now - metered.since;
    metered.since = now;
    if (ms <= 0 || ms > sleepGapMs) return;
    const row = this.row(sessionId, metered);
    row.wallMs += ms;
    const part = partOf(metered);
    if (part) row[part] += ms;
  }
  private row(sessionId: string, { poolId, caller }: Metered): Changing {
    const hour = Math.floor(this.clock.now() / hourMs);
    const key = `${sessionId} ${hour}`;
    let row = this.counted.get(key);
    if (!row) {
      row = {
        ...{ sessionId, hour, poolId, caller, calls: 0, wallMs: 0, activeMs: 0, heldMs: 0, pausedMs: 0 },
        ...{ suspendedMs: 0, checkpointBytes: 0, frames: new Set<string>() },
      };
      this.counted.set(key, row);
    }
    return row;
  }
}

const stateOf = ({ status, frozen, control }: Session) => ({
  control: control.kind,
  frozen: frozen === true,
  suspended: status === 'idle' || status === 'acquiring',
});

function firstTime({ known }: Metered, what: string): boolean {
  if (known.has(what)) return false;
  for (const oldest of known) {
    if (known.size < mostKnown) break;
    known.delete(oldest);
  }
  known.add(what);
  return true;
}
