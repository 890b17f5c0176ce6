import type { Session } from '@shared/session';
import { iso } from '../base/clock';
import { bounded } from '../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import { Emitter } from '../base/emitter';
import type { SessionRow } from '../store/sessions';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { IdleClock } from './idleClock';
import { isEnded } from './sessionState';
import type { LiveSession } from './types';
import type { ActivityView, Views } from './views';
import { idledOut } from './words';

/**
 * A session from its lease to its end: activity, idleness, the way to its machine, release and failure. Activity is kept
 * in memory and written now and then; a crash loses seconds of it, which only makes a session live longer.
 */
export class SessionLife implements ActivityView {
  private readonly activity = new Map<string, number>();
  private readonly unwritten = new Set<string>();
  private readonly idle: IdleClock;
  private nextWrite = 0;
  private readonly live: Emitter<Session>;
  private readonly ended: Emitter<Session>;
  views!: Views;

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
  ) {
    const { logger, clock } = core.options;
    this.idle = new IdleClock(clock.monotonic(), core.limits.sleepGapMs);
    this.live = new Emitter((error) => logger.error({ err: error }, 'a listener to live sessions failed'));
    this.ended = new Emitter((error) => logger.error({ err: error }, 'a listener to ended sessions failed'));
  }
  onLive(listener: (session: Session) => void): () => void {
    return this.live.on(listener);
  }
  onEnded(listener: (session: Session) => void): () => void {
    return this.ended.on(listener);
  }
  lastActivityAt(sessionId: string): number | undefined {
    return this.activity.get(sessionId);
  }
  idleMs(sessionId: string): number {
    return this.idle.idleMs(sessionId, this.core.options.clock.monotonic());
  }

  /** Leased or re-adopted. Downtime of the broker is nobody's idleness: the clock starts anew. */
  opened(row: SessionRow): void {
    this.activity.set(row.sessionId, Date.parse(row.lastActivityAt));
    this.idle.touch(row.sessionId, this.core.options.clock.monotonic());
    this.live.emit(this.views.session(row));
  }
  touch(sessionId: string): void {
    if (!this.activity.has(sessionId)) return;
    this.activity.set(sessionId, this.core.options.clock.now());
    this.idle.touch(sessionId, this.core.options.clock.monotonic());
    this.unwritten.add(sessionId);
  }
  setAgent(sessionId: string, agent: string): void {
    const row = this.core.session(sessionId);
    if (isEnded(row.status) || row.agent === agent) return;
    this.core.commit('session.agent', () => {
      this.core.sessions.setAgent(sessionId, agent.slice(0, 120));
      this.core.noteSession(sessionId, row.poolId);
    });
  }

  async connect(sessionId: string): Promise<LiveSession> {
    const row = this.living(sessionId);
    const { machineId } = row;
    if (machineId === null)
      throw new WheelhouseError('not_ready', 'The session waits for its machine.', { retryAfterSeconds: 2 });
    const guest = this.fleet.links.get(machineId) ?? (await this.linkOf(machineId));
    // It may have ended while we waited.
    const now = this.living(sessionId);
    return { session: this.views.session(now), target: this.fleet.links.target(this.core.machine(machineId)), guest };
  }
  private async linkOf(machineId: string) {
    const opening = this.fleet.links.opening(machineId);
    const notReady = new WheelhouseError(
      'not_ready',
      'The session’s machine is being reached again. Try again shortly.',
      {
        retryAfterSeconds: 2,
      },
    );
    if (!opening && this.core.machines.get(machineId)?.frozen)
      throw new WheelhouseError('not_ready', 'The session is frozen. Its machine is reached again once it is thawed.');
    if (!opening) throw notReady;
    try {
      return await bounded(
        'Reaching the machine',
        this.core.limits.connectWaitMs,
        this.core.stopping.signal,
        () => opening,
      );
    } catch (error) {
      if (asWheelhouseError(error).code === 'timeout') throw notReady;
      const row = this.core.machines.get(machineId);
      throw row?.state === 'leased'
        ? notReady
        : new WheelhouseError('session_gone', 'The session has ended.', {}, { cause: error });
    }
  }
  living(sessionId: string): SessionRow {
    const row = this.core.sessions.get(sessionId);
    if (!row) throw new WheelhouseError('session_gone', 'There is no such session.');
    if (!isEnded(row.status) && row.status !== 'releasing') return row;
    throw new WheelhouseError(
      'session_gone',
      `The session has ended${row.reason ? `: ${row.reason.replace(/\.$/, '')}` : ''}. Acquire a new one.`,
      {
        status: row.status,
        reason: row.reason,
        endedAt: row.endedAt,
      },
    );
  }

  /** Ended when it returns; the machine's reset goes on after it. session_gone when it had ended before. */
  release(sessionId: string, by: string, reason: string): void {
    const row = this.living(sessionId);
    this.core.commit('release.intent', () => this.core.moveSession(row.sessionId, 'release', { reason }));
    this.core.options.logger.info({ sessionId, by, reason }, 'session released');
    this.finishRelease(this.core.session(sessionId));
  }
  /** The second half, also for what a crash left in `releasing`. */
  finishRelease(row: SessionRow): void {
    const { machineId } = row;
    this.core.commit('release.done', () => {
      this.core.moveSession(row.sessionId, 'end', { endedAt: this.core.now });
      if (machineId !== null && this.core.machines.get(machineId)?.state === 'leased') {
        this.core.moveMachine(machineId, 'release', { reason: row.reason ?? 'released' });
      }
    });
    this.closed(row.sessionId, machineId);
  }
  /** Releases that were begun and could not be finished, by a crash or a full disk. */
  finishReleases(): void {
    for (const row of this.core.sessions.live()) {
      if (row.status === 'releasing') this.core.guard('finishing a release', () => this.finishRelease(row));
    }
  }
  fail(sessionId: string, reason: string): void {
    const row = this.core.sessions.get(sessionId);
    if (!row || isEnded(row.status) || row.status === 'queued') return;
    const { machineId } = row;
    this.core.options.logger.warn({ sessionId, machineId, reason }, 'session failed');
    this.core.commit('fail', () => {
      this.core.moveSession(sessionId, 'lost', { reason, endedAt: this.core.now });
      if (machineId !== null && this.core.machines.get(machineId)?.state === 'leased') {
        this.core.moveMachine(machineId, 'broken', { reason });
      }
    });
    this.closed(sessionId, machineId);
  }
  private closed(sessionId: string, machineId: string | null): void {
    if (machineId !== null) {
      this.fleet.turns.stop(machineId, new WheelhouseError('session_gone', 'The session has ended.'));
      this.fleet.links.close(machineId);
    }
    const row = this.core.session(sessionId);
    const session = this.views.session(row);
    this.activity.delete(sessionId);
    this.unwritten.delete(sessionId);
    this.idle.forget(sessionId);
    this.ended.emit(session);
    this.fleet.onProgress(row.poolId);
  }

  /** From the broker's tick: ends what was idle too long, writes activity. Returns the time this computer slept. */
  tick(): number {
    const now = this.core.options.clock.monotonic();
    const slept = this.idle.tick(now);
    for (const sessionId of [...this.activity.keys()]) {
      if (this.spared(sessionId)) this.idle.touch(sessionId, now);
      else this.core.guard('ending an idle session', () => this.releaseIfIdle(sessionId, now));
    }
    if (now >= this.nextWrite) {
      this.nextWrite = now + this.core.limits.activityWriteMs;
      this.writeActivity();
    }
    return slept;
  }
  private releaseIfIdle(sessionId: string, now: number): void {
    const row = this.core.sessions.get(sessionId);
    const pool = row && this.core.pools.get(row.poolId);
    if (!row || !pool || row.status !== 'active') return;
    const { afterSeconds } = pool.spec.idle;
    if (this.idle.idleMs(sessionId, now) < afterSeconds * 1000) return;
    const words = afterSeconds % 60 === 0 ? `${afterSeconds / 60} min` : `${afterSeconds} s`;
    this.release(sessionId, 'broker', `${idledOut} ${words}.`);
  }
  /** Frozen; a person holds control or is about to, a call is in flight, or a question waits for a person. */
  private spared(sessionId: string): boolean {
    if (this.frozen(sessionId)) return true;
    try {
      const { kind } = this.core.options.controlState(sessionId);
      if (kind === 'human' || kind === 'draining' || kind === 'requested') return true;
    } catch {
      return this.core.hooks.isSpared?.(sessionId) ?? false;
    }
    return this.core.hooks.isSpared?.(sessionId) ?? false;
  }
  private frozen(sessionId: string): boolean {
    const machineId = this.core.sessions.get(sessionId)?.machineId ?? null;
    return machineId !== null && this.core.machines.get(machineId)?.frozen === true;
  }
  writeActivity(): void {
    if (this.unwritten.size === 0 || this.core.stopped) return;
    const written = [...this.unwritten];
    this.unwritten.clear();
    this.core.commit('activity', () => {
      for (const sessionId of written) {
        const at = this.activity.get(sessionId);
        const row = this.core.sessions.get(sessionId);
        if (at === undefined || !row) continue;
        this.core.sessions.setActivity(sessionId, iso(at));
        this.core.noteSession(sessionId, row.poolId);
      }
    });
  }
}
