import type { PoolSpec } from '@shared/pool';
import { bounded } from '../base/bounded';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { SessionRow } from '../store/sessions';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { SavedMachines } from './savedMachines';
import type { Kept } from './types';
import { wordsOf } from './words';

interface Running {
  done: Promise<void>;
  /** Its machine died meanwhile: what is kept is kept all the same. */
  lost: boolean;
}

/** It has a home that stays, and its pool says so. */
export const maySuspend = (row: Pick<SessionRow, 'homeId'>, spec: Pick<PoolSpec, 'idle'>): boolean =>
  row.homeId !== null && spec.idle.policy === 'suspend';

/** The intent is written, and its programs may have ended. */
export const isLeaving = (row: Pick<SessionRow, 'status' | 'suspendedAt'>): boolean =>
  row.status === 'active' && row.suspendedAt !== null;

/** A machine that was asked so often, and has not said that its session still runs, goes as it is. */
const mostTries = 3;
/** Suspensions in a row that a machine may refuse so: a program in it could keep it for good. The next is not asked for. */
const mostRefusals = 2;

/**
 * Suspends sessions: the intent is written (`suspendedAt` of an active one), the session's programs end gracefully and
 * everything is written to the disks (or the whole machine is saved, where its pool keeps it), then one commit takes the machine away. From the intent on nobody acts on the
 * machine: whoever comes waits, and gets another one. A crash in between is gone on with.
 */
export class Suspension {
  private readonly running = new Map<string, Running>();
  /** How often in a row each session's machine did not let it go. */
  private readonly refusals = new Map<string, number>();
  onSuspended: (row: SessionRow, machineId: string, kept: Kept) => void = () => {};
  /** It goes on as it was; it is not asked again at once. */
  onFailed: (sessionId: string) => void = () => {};
  /** In words, why it can't be now. */
  whySpared: (sessionId: string) => string | null = () => null;

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly saved: SavedMachines,
  ) {}

  /** What is under way, or stands to be finished; undefined when the session has its machine. Never rejects. */
  underWay(row: SessionRow): Promise<void> | undefined {
    const running = this.running.get(row.sessionId)?.done ?? (isLeaving(row) ? this.begin(row) : undefined);
    return running?.catch(() => {});
  }
  /** Resolves when the session has no machine any more. conflict, not_supported, guest_failed; then it goes on. */
  async suspend(row: SessionRow, by: string): Promise<void> {
    const running = this.running.get(row.sessionId);
    if (running) return running.done;
    if (row.status === 'idle') return;
    if (isLeaving(row)) return this.begin(row);
    const pool = this.core.pools.get(row.poolId);
    if (!pool || !maySuspend(row, pool.spec)) {
      throw new WheelhouseError(
        'not_supported',
        'Sessions of this pool are not suspended: set its idle policy to suspend; sessions begun from then on can be.',
      );
    }
    if (row.status !== 'active' || row.machineId === null || this.fleet.turns.busy(row.machineId))
      throw new WheelhouseError('conflict', 'Something is being done with its machine just now. Try again shortly.');
    const spared = this.whySpared(row.sessionId);
    if (spared !== null) throw new WheelhouseError('conflict', `The session can't be suspended now. ${spared}`);
    this.core.options.logger.info({ sessionId: row.sessionId, by }, 'suspending a session');
    return this.begin(row);
  }
  /** For the tick: what fails is logged and tried again. */
  tryTo(row: SessionRow, by: string): void {
    const { logger } = this.core.options;
    this.suspend(row, by).catch((error: unknown) => {
      logger.info({ sessionId: row.sessionId, err: error }, 'a session was not suspended');
      this.onFailed(row.sessionId);
    });
  }
  /** It is over, or has another machine. */
  forget(sessionId: string): void {
    this.refusals.delete(sessionId);
  }
  /** Its machine is lost. True when that changes nothing: it was to go anyway. */
  lost(row: SessionRow): boolean {
    const running = this.running.get(row.sessionId);
    if (running) running.lost = true;
    else if (isLeaving(row)) this.leave(row, null, null);
    else return false;
    return true;
  }

  private begin(row: SessionRow): Promise<void> {
    const { sessionId, machineId } = row;
    if (machineId === null) return Promise.resolve();
    const running: Running = { done: Promise.resolve(), lost: false };
    this.running.set(sessionId, running);
    running.done = this.fleet.turns
      .run(machineId, null, (signal) => this.run(row, running, signal))
      .finally(() => this.running.delete(sessionId));
    running.done.catch(() => {});
    return running.done;
  }
  private async run(row: SessionRow, running: Running, signal: AbortSignal): Promise<void> {
    const { core } = this;
    const { sessionId, machineId } = row;
    // What the last broker had begun to save is not what the machine is now.
    this.saved.drop(row.savedAs);
    const savedAs = this.keepsMachine(row) ? core.options.ids.make('k') : null;
    if (!isLeaving(row) || savedAs !== row.savedAs) this.intend(row, row.suspendedAt ?? core.now, savedAs);
    const failure = savedAs === null ? null : await this.save(row, savedAs, signal);
    if (savedAs !== null && failure === null) return this.leave(row, savedAs, null);
    for (let n = 1; n <= mostTries && !running.lost; n++) {
      try {
        await this.settle(row, signal);
        break;
      } catch (error) {
        const now = core.sessions.get(sessionId);
        // The next broker goes on from the intent; a session that ended needs nothing more.
        if (signal.aborted || core.stopped || now?.status !== 'active' || now.machineId !== machineId) throw error;
        core.options.logger.warn({ sessionId, machineId, try: n, err: error }, 'a session did not settle');
        if (running.lost || !(await this.stillRuns(row))) continue;
        const refusals = this.refusals.get(sessionId) ?? 0;
        if (refusals >= mostRefusals) break;
        this.refusals.set(sessionId, refusals + 1);
        this.intend(row, null, null);
        throw new WheelhouseError('guest_failed', `The session could not be suspended: ${wordsOf(error)}`);
      }
    }
    this.leave(row, null, failure);
  }
  private keepsMachine({ poolId, machineId }: SessionRow): boolean {
    const spec = this.core.pools.get(poolId)?.spec;
    const machine = machineId === null ? undefined : this.core.machines.get(machineId);
    return spec !== undefined && machine !== undefined && this.saved.wants(machine, spec);
  }
  /** Null when it was saved; in words why not, and then its home alone is kept. */
  private async save(row: SessionRow, savedAs: string, signal: AbortSignal): Promise<string | null> {
    const { sessionId, machineId } = row;
    const machine = machineId === null ? undefined : this.core.machines.get(machineId);
    if (!machine) return 'its machine is gone.';
    try {
      await this.saved.save(machine, savedAs, signal);
      return null;
    } catch (error) {
      this.saved.drop(savedAs);
      if (signal.aborted || this.core.stopped) throw error;
      this.core.options.logger.warn({ sessionId, machineId, err: error }, 'a machine was not saved; its home is kept');
      return wordsOf(error);
    }
  }
  private intend({ sessionId, poolId }: SessionRow, at: string | null, savedAs: string | null): void {
    const point = at === null ? 'suspend.failed' : 'suspend.intent';
    this.core.commit(point, () => {
      this.core.sessions.move(sessionId, 'active', 'active', { suspendedAt: at, savedAs });
      this.core.noteSession(sessionId, poolId);
    });
  }
  private async settle({ machineId }: SessionRow, signal: AbortSignal): Promise<void> {
    const machine = machineId === null ? undefined : this.core.machines.get(machineId);
    if (!machine) return;
    const { settleMs, settleMaxMs } = this.core.limits;
    const backend = this.watch.backend(machine.backend);
    // Without an agent inside there is nobody to ask; its home is what its disk has.
    if (backend?.describe?.(machine.image)?.guestAgent === false) return;
    await this.core.effect('settle', () =>
      bounded('Ending its programs', settleMaxMs, signal, async (own) => {
        const { links } = this.fleet;
        const guest = links.get(machine.machineId) ?? (await reached(links.opening(machine.machineId), own));
        try {
          await guest.settle(settleMs);
        } catch (error) {
          // An agent from before it; what it has written is on its disk within the system's own time.
          if (asWheelhouseError(error).code !== 'not_supported') throw error;
        }
      }),
    );
  }
  /** Nothing of the session was ended. Silence does not say so. */
  private async stillRuns({ machineId }: SessionRow): Promise<boolean> {
    const guest = machineId === null ? undefined : this.fleet.links.get(machineId);
    const health = await guest?.health(this.core.limits.healthTimeoutMs).catch(() => undefined);
    return health?.sessionReady === true;
  }
  /** One commit: from here on the session has its home, and no machine. */
  private leave({ sessionId, machineId, homeId }: SessionRow, savedAs: string | null, failure: string | null): void {
    const { core } = this;
    const row = core.commit('suspend', () => {
      const at = { usedMs: core.counted.ms, at: core.now };
      if (homeId !== null) core.homes.used(homeId, at);
      if (machineId !== null && core.machines.get(machineId)?.state === 'leased')
        core.moveMachine(machineId, 'release', { reason: 'Its session was suspended.' });
      const change = { machineId: null, suspendedAt: at.at, suspendedMs: Math.round(at.usedMs), savedAs };
      return core.moveSession(sessionId, 'suspend', change);
    });
    core.options.logger.info({ sessionId, machineId, savedAs }, 'session suspended');
    this.onSuspended(row, machineId ?? '', { all: savedAs !== null, failure });
  }
}

async function reached<T>(opening: Promise<T> | undefined, signal: AbortSignal): Promise<T> {
  if (!opening) throw new WheelhouseError('not_ready', 'Its machine is not reached just now.');
  signal.throwIfAborted();
  return opening;
}
