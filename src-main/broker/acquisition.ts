import type { Session } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import type { PoolRow } from '../store/pools';
import type { SessionRow } from '../store/sessions';
import { checkAllowed, checkMayUse, checkRequest, parametersHash } from './acquireRules';
import { blockedBy } from './blocked';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { HandOut } from './handOut';
import type { Makings } from './makings';
import type { OwnMachines, OwnMaking } from './ownMachines';
import type { Pending } from './pending';
import { isEnded } from './sessionState';
import { checkHomeLimit, checkTokenLimit } from './tokenLimit';
import type { AcquireRequest } from './types';
import type { Views } from './views';
import type { WaitingRoom } from './waitingRoom';

/**
 * From a request to a session. A key that lives is answered with its session. A new key is served at once when a machine
 * is ready (`HandOut`). Otherwise the key waits (`WaitingRoom`) until a machine is ready, its callers' deadlines pass or
 * they hang up; one that got nothing leaves no trace, so its key can be tried again. All retries of a key while it waits
 * join the same place. What asks for a machine that is not like its pool's warm ones waits for its own (`OwnMachines`).
 */
export class Acquisition {
  onDemand: (poolId: string) => void = () => {};
  /** A new request for any machine of the pool. */
  onArrival: (poolId: string) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
    private readonly views: Views,
    private readonly room: WaitingRoom,
    private readonly handOut: HandOut,
    private readonly own: OwnMachines,
    private readonly makings: Makings,
  ) {
    handOut.blocked = own.blocked = (pool) => this.blocked(pool);
  }

  /** Keys that want a machine of this pool: those in the queue, and those for whom one is being asked just now. */
  waiting(poolId: string): number {
    return this.room.count((pending) => pending.poolId === poolId && pending.own === null);
  }
  async acquire(request: AcquireRequest, signal: AbortSignal): Promise<Session> {
    checkRequest(request);
    signal.throwIfAborted();
    if (this.core.stopping.signal.aborted) throw new WheelhouseError('not_ready', 'Wheelhouse is stopping.');
    const pool = this.poolFor(request);
    const hash = parametersHash(request);
    const sessionId = request.sessionId ?? this.core.options.ids.uuid();
    const known = this.core.sessions.get(sessionId);
    if (known && known.status !== 'queued') return this.again(known, hash);
    const waiting = this.room.get(sessionId);
    if (waiting && waiting.hash !== hash) throw keyReused(sessionId);
    if (waiting) return this.room.join(waiting, this.waitOf(waiting), request, signal);

    this.throwIfBlocked(pool);
    checkAllowed(request, pool.spec);
    checkTokenLimit(pool, request.caller, this.core.sessions, this.room.all());
    checkHomeLimit(pool, request, this.core.homes, this.core.limits.homesPerToken);
    // A row that still waits without anybody is what a failed departure left; it is this key's place.
    if (known && known.parametersHash !== hash) throw keyReused(sessionId);
    const pending: Pending = {
      ...{ sessionId, hash, poolId: pool.id, request },
      ...this.makings.forRequest(request, pool, sessionId),
      ...{ joiners: new Set(), queued: known !== undefined, told: null, gone: new AbortController() },
      lane: `${request.caller.role}:${request.caller.name}`,
      since: this.core.options.clock.monotonic(),
    };
    const joined = this.room.join(pending, this.waitOf(pending), request, signal);
    if (!pending.own) this.onArrival(pool.id);
    this.begin(pending);
    return joined;
  }
  private waitOf({ request, own }: Pick<Pending, 'request' | 'own'>): number {
    return request.waitMs ?? (own ? this.core.limits.branchWaitMs : this.core.limits.waitMs);
  }
  /** Serves whoever is next while machines are ready; refuses everybody when waiting has become pointless. */
  dispatch(pool: PoolRow): void {
    this.own.dispatch(pool);
    this.endHomeless(pool);
    const waiting = this.room.queued(pool.id);
    if (waiting.length === 0) return;
    const blocked = this.blocked(pool);
    if (blocked) {
      for (const pending of waiting) this.room.giveUp(pending, blocked);
      return;
    }
    for (;;) {
      const machine = this.handOut.candidate(pool.id);
      const pending = machine && this.room.take(pool.id);
      if (!machine || !pending) return;
      void this.handOut.serve(pending, machine);
    }
  }
  /** Somebody took a waiting request back. False when nothing waits under this id. */
  withdraw(sessionId: string, reason: string): boolean {
    const pending = this.room.get(sessionId);
    if (!pending) return false;
    this.room.giveUp(pending, new WheelhouseError('session_gone', reason));
    return true;
  }
  withdrawPool(poolId: string, error: WheelhouseError): void {
    for (const pending of [...this.room.all()]) if (pending.poolId === poolId) this.room.giveUp(pending, error);
    this.own.withdrawPool(poolId, error);
  }
  forgetPool(poolId: string): void {
    this.room.forgetPool(poolId);
  }
  withdrawAll(error: WheelhouseError): void {
    for (const pending of [...this.room.all()]) this.room.giveUp(pending, error);
    this.own.withdrawAll(error);
    this.room.close();
  }

  private poolFor(request: AcquireRequest): PoolRow {
    const pool = this.core.pools.get(request.poolId);
    if (!pool || pool.deleting) throw new WheelhouseError('not_found', `There is no pool “${request.poolId}”.`);
    checkMayUse(pool, request.caller);
    return pool;
  }
  private again(known: SessionRow, hash: string): Session {
    if (known.parametersHash !== hash) throw keyReused(known.sessionId);
    if (isEnded(known.status) || known.status === 'releasing') {
      throw new WheelhouseError('conflict', 'The session of this key has ended. Acquire with a new key.', {
        status: known.status,
        endedAt: known.endedAt,
      });
    }
    return this.views.session(known);
  }
  private blocked(pool: PoolRow): WheelhouseError | null {
    return blockedBy(
      this.views.conditionsFor(pool, this.core.machines.byPool(pool.id)),
      pool.id,
      this.fleet.failure(pool.id),
    );
  }
  private throwIfBlocked(pool: PoolRow): void {
    const blocked = this.blocked(pool);
    if (blocked) throw blocked;
  }

  private begin(pending: Pending): void {
    try {
      if (pending.own) {
        this.room.enter(pending);
        void this.beginOwn(pending, pending.own);
        return;
      }
      const machine =
        this.room.queued(pending.poolId).length === 0 ? this.handOut.candidate(pending.poolId) : undefined;
      if (machine) return void this.handOut.serve(pending, machine);
      this.room.enqueue(pending);
      this.onDemand(pending.poolId);
    } catch (error) {
      this.room.settle(pending, (joiner) => joiner.reject(error));
    }
  }
  private async beginOwn(pending: Pending, making: OwnMaking): Promise<void> {
    const { signal } = pending.gone;
    try {
      await this.makings.checkNew(making, signal);
      await this.own.want({ making, signal, take: (row) => this.handOut.lease(pending, row.machineId) });
    } catch (error) {
      this.room.giveUp(pending, error);
    }
  }
  /** Warm machines from before their pool kept homes. */
  private endHomeless({ id }: PoolRow): void {
    for (const row of this.core.machines.byPool(id)) {
      const warm = row.state === 'creating' || row.state === 'starting' || row.state === 'ready';
      if (warm && this.handOut.lacksHome(row)) this.fleet.discard(row.machineId, 'Its pool keeps homes now.');
    }
  }
}

const keyReused = (sessionId: string): WheelhouseError =>
  new WheelhouseError('key_reused', 'This key was used with other parameters, or by another caller. Use a new key.', {
    sessionId,
  });
