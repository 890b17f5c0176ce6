import type { MachineTrouble } from '@shared/pool';
import type { Session } from '@shared/session';
import { bounded } from '../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import { Emitter } from '../base/emitter';
import type { SessionRow } from '../store/sessions';
import type { Activity } from './activity';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { away, type Resumption } from './resumption';
import { isAway, isEnded } from './sessionState';
import type { Suspension } from './suspension';
import { UnwrittenEnds, type EndedAs } from './unwrittenEnds';
import { reasonOf } from './trouble';
import type { ConnectOptions, Kept, LiveSession } from './types';
import type { Views } from './views';

/** Of a call that meets a session on its way out, back, and out again. */
const mostRounds = 3;

/** A session from its lease to its end: the way to its machine, its being away, release and failure. */
export class SessionLife {
  private readonly live: Emitter<[Session, Kept | undefined]>;
  private readonly suspended: Emitter<[Session, Kept]>;
  private readonly ended: Emitter<Session>;
  private readonly unwritten: UnwrittenEnds;
  views!: Views;

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
    private readonly activity: Activity,
    private readonly suspension: Suspension,
    private readonly resumption: Resumption,
  ) {
    const { logger } = core.options;
    this.unwritten = new UnwrittenEnds(core);
    suspension.onSuspended = (row, machineId, kept) => this.left(row, machineId, kept);
    suspension.onFailed = (sessionId) => activity.spare(sessionId);
    resumption.onResumed = (row, kept) => this.opened(row, kept);
    this.live = new Emitter((error) => logger.error({ err: error }, 'a listener to live sessions failed'));
    this.suspended = new Emitter((error) => logger.error({ err: error }, 'a listener to suspended sessions failed'));
    this.ended = new Emitter((error) => logger.error({ err: error }, 'a listener to ended sessions failed'));
  }
  onLive(listener: (session: Session, resumed?: Kept) => void): () => void {
    return this.live.on(([session, resumed]) => listener(session, resumed));
  }
  onEnded(listener: (session: Session) => void): () => void {
    return this.ended.on(listener);
  }
  /** It has ended, and the store does not say so yet. */
  endedAs(sessionId: string): EndedAs | undefined {
    return this.unwritten.as(sessionId);
  }
  /** It has no machine from now on, or after a start. */
  onSuspended(listener: (session: Session, kept: Kept) => void): () => void {
    return this.suspended.on(([session, kept]) => listener(session, kept));
  }

  /** Leased, re-adopted or (`resumed`) back. Downtime of the broker is nobody's idleness: the clock starts anew. */
  opened(row: SessionRow, resumed?: Kept): void {
    this.activity.open(row.sessionId, row.lastActivityAt);
    this.live.emit([this.views.session(row), resumed]);
  }
  /** Found suspended after a start. */
  foundAway(row: SessionRow): void {
    if (row.status === 'acquiring') this.resumption.putBack(row);
    const kept = { all: row.savedAs !== null, failure: null };
    this.suspended.emit([this.views.session(this.core.session(row.sessionId)), kept]);
  }
  setAgent(sessionId: string, agent: string): void {
    const row = this.core.session(sessionId);
    if (isEnded(row.status) || row.agent === agent) return;
    this.core.commit('session.agent', () => {
      this.core.sessions.setAgent(sessionId, agent.slice(0, 120));
      this.core.noteSession(sessionId, row.poolId);
    });
  }

  async connect(sessionId: string, options: ConnectOptions = {}): Promise<LiveSession> {
    const row = await this.present(sessionId, options);
    const { machineId } = row;
    if (machineId === null)
      throw new WheelhouseError('not_ready', 'The session waits for its machine.', { retryAfterSeconds: 2 });
    const guest = this.fleet.links.get(machineId) ?? (await this.linkOf(machineId));
    // It may have ended while we waited.
    const now = this.living(sessionId);
    return { session: this.views.session(now), target: this.fleet.links.target(this.core.machine(machineId)), guest };
  }
  /** With a machine, unless it waits for its first; resumed on the way. */
  private async present(sessionId: string, options: ConnectOptions): Promise<SessionRow> {
    const { resumeWaitMs } = this.core.limits;
    const { clock } = this.core.options;
    const began = clock.monotonic();
    for (let round = 0; round < mostRounds; round++) {
      const row = this.living(sessionId);
      const leaving = this.suspension.underWay(row);
      if (!leaving && !isAway(row.status)) return row;
      if (options.wake === false) throw away('The session is suspended.');
      // As long as one call waits, for all of it.
      const left = Math.max(0, resumeWaitMs - (clock.monotonic() - began));
      if (leaving) {
        options.progress?.('The session is just being suspended; it comes back after that.');
        await bounded('Suspending the session', left, options.signal, () => leaving, 'not_ready');
      } else await this.resumption.wait(sessionId, left, options);
    }
    throw away('The session’s desktop is not there yet. Try again shortly.', 3);
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
      throw new WheelhouseError('not_ready', 'The session is frozen. Its machine is reached again once it is thawed.', {
        retryAfterSeconds: 2,
      });
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
    const unwritten = this.unwritten.get(sessionId);
    if (unwritten) throw unwritten;
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
    this.core.options.logger.info({ sessionId, by, reason }, 'session released');
    this.end(row, 'released', reason, (now) => this.writeRelease(now, reason));
  }
  private writeRelease(row: SessionRow, reason: string): void {
    if (isAway(row.status)) return this.endAway(row, 'end', reason);
    if (row.status !== 'releasing')
      this.core.commit('release.intent', () => this.core.moveSession(row.sessionId, 'release', { reason }));
    this.finishRelease(this.core.session(row.sessionId));
  }
  /**
   * What ends a session ends it here and now, also when the disk takes no word of it: nobody acts in it any more, and the
   * rest is written later. Throws not_recorded then, because after a crash it would be found as the store has it.
   */
  private end(row: SessionRow, status: Session['status'], reason: string, write: (row: SessionRow) => void): void {
    try {
      write(row);
    } catch (error) {
      if (asWheelhouseError(error).code !== 'not_recorded') throw error;
      const { sessionId } = row;
      const as = { status, reason, endedAt: this.core.now };
      this.unwritten.add(sessionId, as, () => write(this.core.session(sessionId)));
      const ended: Session = { ...this.views.session(row), ...as };
      this.closed(sessionId, row.machineId, ended);
      this.core.options.bus.emit({ event: 'session', data: ended });
      throw error;
    }
  }
  /** It was suspended for as long as its home is kept. */
  expire(row: SessionRow, reason: string): void {
    this.core.options.logger.info({ sessionId: row.sessionId, reason }, 'session expired');
    this.endAway(row, 'expire', reason);
  }
  /** There is no machine to reset: one step. */
  private endAway(row: SessionRow, event: 'end' | 'expire', reason: string): void {
    this.core.commit(event === 'end' ? 'release.away' : 'expire', () =>
      this.core.moveSession(row.sessionId, event, { reason, endedAt: this.core.now }),
    );
    this.resumption.end(row, new WheelhouseError('session_gone', 'The session has ended.'));
    this.closed(row.sessionId, null);
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
    this.unwritten.write();
    for (const row of this.core.sessions.live()) {
      if (row.status === 'releasing') this.core.guard('finishing a release', () => this.finishRelease(row));
    }
  }
  /** Sessions whose pool is being deleted, or has gone: whoever deleted it died, or could not write all of it. */
  endOrphans(): void {
    for (const { sessionId, poolId, status } of this.core.sessions.live()) {
      if (status === 'queued' || status === 'releasing' || this.unwritten.get(sessionId)) continue;
      const pool = this.core.pools.get(poolId);
      if (pool && !pool.deleting) continue;
      this.core.guard('ending a session without a pool', () =>
        this.release(sessionId, 'broker', 'The pool was deleted.'),
      );
    }
  }
  /** `trouble`: what is wrong with its machine, which is set aside. */
  fail(sessionId: string, reason: string, trouble: MachineTrouble = 'silent'): void {
    const row = this.core.sessions.get(sessionId);
    if (!row || isEnded(row.status) || row.status === 'queued' || this.unwritten.get(sessionId)) return;
    if (this.suspension.lost(row)) return;
    this.core.options.logger.warn({ sessionId, machineId: row.machineId, reason }, 'session failed');
    this.end(row, 'failed', reason, (now) => this.writeFailure(now, reason, trouble));
  }
  private writeFailure({ sessionId, machineId }: SessionRow, reason: string, trouble: MachineTrouble): void {
    this.core.commit('fail', () => {
      this.core.moveSession(sessionId, 'lost', { reason, endedAt: this.core.now });
      if (machineId !== null && this.core.machines.get(machineId)?.state === 'leased') {
        this.core.moveMachine(machineId, 'broken', { reason: reasonOf(trouble, reason, 'failed'), trouble });
      }
    });
    this.closed(sessionId, machineId);
  }
  private closed(sessionId: string, machineId: string | null, as?: Session): void {
    if (machineId !== null) {
      this.fleet.turns.stop(machineId, new WheelhouseError('session_gone', 'The session has ended.'));
      this.fleet.links.close(machineId);
    }
    const row = this.core.session(sessionId);
    const session = as ?? this.views.session(row);
    this.activity.forget(sessionId);
    this.suspension.forget(sessionId);
    this.ended.emit(session);
    this.fleet.onProgress(row.poolId);
  }
  /** Its machine is on its way out; nothing is done in it any more. */
  private left(row: SessionRow, machineId: string, kept: Kept): void {
    this.activity.forget(row.sessionId);
    this.suspension.forget(row.sessionId);
    this.fleet.turns.stop(machineId, new WheelhouseError('not_ready', 'The session was suspended.'));
    this.fleet.links.close(machineId);
    this.suspended.emit([this.views.session(row), kept]);
    this.fleet.onProgress(row.poolId);
  }
}
