import type { ControlState } from '@shared/control';
import { bounded } from '../base/bounded';
import { Emitter } from '../base/emitter';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { SessionRow } from '../store/sessions';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { MachineLinks } from './machineLinks';
import type { OwnMaking, OwnMachines } from './ownMachines';
import { isAway } from './sessionState';
import type { SavedMachines } from './savedMachines';
import type { ConnectOptions, Kept } from './types';
import { wordsOf } from './words';

interface Running {
  done: Promise<void>;
  stop: AbortController;
  words: string;
  says: Emitter<string>;
}

const comingUp = 'The session was suspended; its desktop is coming up.';

/**
 * The way back of suspended sessions: the intent is written (idle → acquiring), a machine of its own is made with its
 * home, and one commit leases it. All who ask meanwhile wait for the same. When it fails the session is suspended as
 * before, and nothing is lost.
 */
export class Resumption {
  private readonly running = new Map<string, Running>();
  onResumed: (row: SessionRow, kept: Kept) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly links: MachineLinks,
    private readonly own: Pick<OwnMachines, 'want'>,
    private readonly saved: SavedMachines,
  ) {}

  /**
   * Resolves when the session has its machine, or does not wait for one any more. not_ready (with retryAfterSeconds) when
   * that takes longer than `ms`, control_paused while a person has stopped it and `wake` is not true, or what
   * is in the way.
   */
  async wait(sessionId: string, ms: number, { signal, progress, wake }: ConnectOptions = {}): Promise<void> {
    const { progressMs } = this.core.limits;
    const running = this.running.get(sessionId) ?? this.begin(sessionId, wake === true);
    let stopTimer: (() => void) | undefined;
    const repeat = (): void => {
      progress?.(running.words);
      stopTimer = this.core.options.clock.after(progressMs, repeat);
    };
    const off = running.says.on((words) => progress?.(words));
    repeat();
    try {
      await bounded('Bringing the desktop back', ms, signal, () => running.done);
    } catch (error) {
      if (asWheelhouseError(error).code !== 'timeout') throw error;
      throw away('The session was suspended, and its desktop is still coming up. Try again shortly.', 3);
    } finally {
      off();
      stopTimer?.();
    }
  }
  /** It has ended: nobody is to get a machine for it any more. */
  end({ sessionId, savedAs }: SessionRow, reason: WheelhouseError): void {
    this.running.get(sessionId)?.stop.abort(reason);
    this.saved.drop(savedAs);
  }
  stopAll(reason: WheelhouseError): void {
    for (const { stop } of this.running.values()) stop.abort(reason);
  }
  /** After a start: what the last broker was bringing back is suspended as before. */
  putBack(row: SessionRow): void {
    this.core.commit('resume.failed', () => this.core.moveSession(row.sessionId, 'back'));
  }

  private begin(sessionId: string, insists: boolean): Running {
    const { logger } = this.core.options;
    const says = new Emitter<string>((error) => logger.error({ err: error }, 'a listener to a resume failed'));
    const stop = new AbortController();
    const running: Running = { done: Promise.resolve(), stop, words: comingUp, says };
    this.running.set(sessionId, running);
    const tell = (words: string): void => says.emit((running.words = `${comingUp} ${words}`));
    running.done = this.run(sessionId, insists, stop.signal, tell).finally(() => this.running.delete(sessionId));
    running.done.catch(() => {});
    return running;
  }

  private async run(
    sessionId: string,
    insists: boolean,
    signal: AbortSignal,
    tell: (words: string) => void,
  ): Promise<void> {
    const { core } = this;
    const since = core.options.clock.monotonic();
    const row = core.session(sessionId);
    if (!isAway(row.status)) return;
    if (!insists) this.throwIfStopped(row);
    try {
      if (row.status === 'idle') core.commit('resume.intent', () => core.moveSession(sessionId, 'resume'));
      await this.fence(await this.machineFor(row, signal, tell));
    } catch (error) {
      throw this.failed(row, error);
    }
    const ms = core.options.clock.monotonic() - since;
    core.options.logger.info({ sessionId, ms: Math.round(ms) }, 'session resumed');
    core.hooks.acquired?.({ poolId: row.poolId, outcome: 'resumed', ms });
  }
  /** As it was, where all of it was saved; when that does not come up, a new desktop with its home. */
  private async machineFor(row: SessionRow, signal: AbortSignal, tell: (words: string) => void): Promise<SessionRow> {
    const { core } = this;
    const want = (making: OwnMaking, kept: Kept): Promise<SessionRow> =>
      this.own.want({
        ...{ making, signal, ms: core.limits.resumeMs, alsoPaused: true, progress: tell },
        take: (machine) => this.lease(row, machine, kept),
      });
    const making = this.making(row);
    let failure: string | null = null;
    if (row.savedAs !== null) {
      try {
        return await want({ ...making, fromCheckpoint: row.savedAs }, { all: true, failure });
      } catch (error) {
        if (asWheelhouseError(error).code !== 'guest_failed') throw error;
        failure = wordsOf(error);
        core.options.logger.warn({ sessionId: row.sessionId, err: error }, 'a saved machine did not come up');
        tell('It could not go on from where it was; a new desktop with its files is being made.');
      }
    }
    return want(making, { all: false, failure });
  }
  private lease({ sessionId, homeId, savedAs }: SessionRow, machine: MachineRow, kept: Kept): SessionRow {
    const { core } = this;
    const row = core.commit('resume', () => {
      core.moveMachine(machine.machineId, 'lease', { sessionId });
      if (homeId !== null) core.homes.used(homeId, { usedMs: core.counted.ms, at: core.now });
      const change = { machineId: machine.machineId, suspendedAt: null, suspendedMs: null, savedAs: null };
      return core.moveSession(sessionId, 'lease', change);
    });
    this.onResumed(row, kept);
    this.saved.drop(savedAs);
    return row;
  }
  /** Nothing of an earlier holder is on its way to a machine that is new; this makes sure. */
  private async fence({ sessionId, machineId }: SessionRow): Promise<void> {
    const guest = machineId === null ? undefined : this.links.get(machineId);
    try {
      const { epoch } = this.core.options.controlState(sessionId);
      if (guest) await bounded('Telling it the epoch', 1000, this.core.stopping.signal, () => guest.setEpoch(epoch));
    } catch (error) {
      this.core.options.logger.info({ sessionId, err: error }, 'a new machine was not told the epoch');
    }
  }
  /** Of its pool's image as it is now, with its own home. */
  private making(row: SessionRow): OwnMaking {
    const { sessionId, poolId, homeId } = row;
    const pool = this.core.pools.get(poolId);
    const home = homeId === null ? undefined : this.core.homes.get(homeId);
    if (!pool || pool.deleting) throw new WheelhouseError('not_found', 'Its pool was deleted.');
    if (!home) throw new WheelhouseError('guest_failed', 'Its home is gone.');
    const { image, size } = pool.spec;
    const tag = this.watch.tag(home.backend, image);
    if (typeof tag !== 'string')
      throw new WheelhouseError('image_missing', `The image ${image} is not known on the ${home.backend} backend.`);
    return { poolId, backend: home.backend, image: tag, size: row.size ?? size, forSession: sessionId, homeId };
  }
  private throwIfStopped({ sessionId }: SessionRow): void {
    let control: ControlState;
    try {
      control = this.core.options.controlState(sessionId);
    } catch {
      return;
    }
    if (control.kind !== 'paused' || !control.pausedBy) return;
    const { pausedBy: by, since } = control;
    throw new WheelhouseError('control_paused', 'This computer is stopped.', { by, since, frozen: true });
  }
  private failed({ sessionId }: SessionRow, thrown: unknown): WheelhouseError {
    const { core } = this;
    const error = asWheelhouseError(thrown);
    const now = core.sessions.get(sessionId);
    if (now && !isAway(now.status)) return now.endedAt === null && error.code !== 'session_gone' ? error : gone();
    core.options.logger.warn({ sessionId, code: error.code, err: error.cause ?? error }, 'a resume failed');
    if (now?.status === 'acquiring' && !core.stopped) core.guard('giving a resume up', () => this.putBack(now));
    if (error.code === 'control_paused') return error;
    const words = `The session’s desktop could not be brought back, and stays suspended: ${wordsOf(error)}`;
    const code = notReady.has(error.code) ? 'not_ready' : error.code;
    return new WheelhouseError(code, words, { ...error.data, suspended: true, retryAfterSeconds: 5 }, { cause: error });
  }
}

/** Conditions that pass, in the code that says so. */
const notReady: ReadonlySet<string> = new Set(['timeout', 'conflict', 'internal']);

const gone = (): WheelhouseError => new WheelhouseError('session_gone', 'The session has ended.');

/** It has no machine now. `retryAfterSeconds` where waiting helps. */
export const away = (message: string, retryAfterSeconds?: number): WheelhouseError =>
  new WheelhouseError('not_ready', message, { suspended: true, ...(retryAfterSeconds && { retryAfterSeconds }) });
