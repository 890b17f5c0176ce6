import type { PoolSpec } from '@shared/pool';
import type { SessionRow } from '../store/sessions';
import type { Activity } from './activity';
import type { Core } from './core';
import { isLeaving, maySuspend } from './suspension';
import { idledOut } from './words';

/** Its own idle time first, else its pool's; seconds. */
export const idleSecondsOf = (row: Pick<SessionRow, 'idleSeconds'>, spec: Pick<PoolSpec, 'idle'>): number =>
  row.idleSeconds ?? spec.idle.afterSeconds;

/**
 * What becomes of sessions in which nothing happens: released or suspended, as their pool says. Whatever waits for a
 * person or is under way is not idle. A paused session is, as nobody acts: who paused it outlives its machine, and what a
 * person stopped stays stopped on the next.
 */
export class Idleness {
  constructor(
    private readonly core: Core,
    private readonly activity: Activity,
    private readonly end: {
      release(sessionId: string, by: string, reason: string): void;
      suspend(row: SessionRow, by: string): void;
    },
  ) {}

  /** From the broker's tick. Returns the time that this computer slept. */
  tick(): number {
    const slept = this.activity.tick();
    for (const sessionId of this.activity.sessionIds()) {
      const row = this.core.sessions.get(sessionId);
      if (!row) continue;
      // Begun by a broker that died, or by this one while the disk was full: it goes on, whoever is there by now.
      if (isLeaving(row)) this.end.suspend(row, 'broker');
      else if (this.whySparedOf(row) !== null) this.activity.spare(sessionId);
      else this.core.guard('ending an idle session', () => this.look(row));
    }
    return slept;
  }
  private look(row: SessionRow): void {
    const { sessionId } = row;
    const pool = this.core.pools.get(row.poolId);
    if (!pool || row.status !== 'active') return;
    const seconds = idleSecondsOf(row, pool.spec);
    if (this.activity.idleMs(sessionId) < seconds * 1000) return;
    if (maySuspend(row, pool.spec)) return this.end.suspend(row, 'broker');
    const words = seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
    this.end.release(sessionId, 'broker', `${idledOut} ${words}.`);
  }
  /** In words, why it is not to be taken for idle; null when nothing speaks against it. */
  whySpared(sessionId: string): string | null {
    const row = this.core.sessions.get(sessionId);
    return row ? this.whySparedOf(row) : null;
  }
  private whySparedOf({ sessionId, machineId }: SessionRow): string | null {
    if (machineId !== null && this.core.machines.get(machineId)?.frozen) return 'It is stopped.';
    const kind = this.controlKind(sessionId);
    if (kind === 'human' || kind === 'draining' || kind === 'requested')
      return 'A person holds control, or is about to.';
    return this.core.hooks.isSpared?.(sessionId) ? 'A call is in flight, or a question waits for a person.' : null;
  }
  private controlKind(sessionId: string): string | null {
    try {
      return this.core.options.controlState(sessionId).kind;
    } catch {
      return null;
    }
  }
}
