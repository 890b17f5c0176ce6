import type { Session } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import { oneLine } from '../base/text';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { SessionRow } from '../store/sessions';
import { checkMayUse, checkRequest, parametersHash } from './acquireRules';
import { blockedBy } from './blocked';
import { Branches } from './branches';
import type { Core } from './core';
import { FairQueue } from './fairQueue';
import type { Fleet } from './fleet';
import type { Joiner, Pending } from './pending';
import { isEnded } from './sessionState';
import { checkTokenLimit } from './tokenLimit';
import type { AcquireRequest } from './types';
import type { Views } from './views';
import { wordsOf } from './words';

/**
 * From a request to a session. A key that lives is answered with its session. A new key is served at once when a machine
 * is ready: the machine is asked once more whether it is there (a fraction of a millisecond), then one transaction leases
 * it and writes the session. Otherwise the key waits in the pool's queue, fair between callers, until a machine is ready,
 * its callers' deadlines pass or they hang up; one that got nothing leaves no trace, so its key can be tried again.
 * All retries of a key while it waits join the same place.
 */
export class Acquisition {
  private readonly pending = new Map<string, Pending>();
  private readonly queues = new Map<string, FairQueue<Pending>>();
  /** Machines being asked, so that two requests never ask the same. */
  private readonly reserved = new Set<string>();
  private readonly branches: Branches;
  onLeased: (session: SessionRow) => void = () => {};
  onDemand: (poolId: string) => void = () => {};
  /** Of the image and size that its pool asks for now. */
  isFresh: (row: MachineRow) => boolean = () => true;

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
    private readonly views: Views,
  ) {
    this.branches = new Branches(core, fleet, {
      pending: () => this.pending.values(),
      blocked: (pool) => this.blocked(pool),
      lease: (pending, machineId) => this.lease(pending, machineId),
      giveUp: (pending, error) => this.giveUp(pending, error),
      onDemand: (poolId) => this.onDemand(poolId),
    });
  }

  /** Keys that want a machine of this pool: those in the queue, and those for whom one is being asked just now. */
  waiting(poolId: string): number {
    return this.count((pending) => pending.poolId === poolId && pending.branch === null);
  }
  /** Keys whose own machine has no place in this pool yet. */
  places(poolId: string): number {
    return this.count((pending) => pending.poolId === poolId && pending.branch?.begun === false);
  }
  private count(is: (pending: Pending) => boolean): number {
    let count = 0;
    for (const pending of this.pending.values()) if (is(pending)) count += 1;
    return count;
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
    let pending = this.pending.get(sessionId);
    if (pending && pending.hash !== hash) throw keyReused(sessionId);
    if (!pending) {
      this.throwIfBlocked(pool);
      checkTokenLimit(pool, request.caller, this.core.sessions, this.pending.values());
      const lane = `${request.caller.role}:${request.caller.name}`;
      // A row that still waits without anybody is what a failed departure left; it is this key's place.
      if (known && known.parametersHash !== hash) throw keyReused(sessionId);
      const branch = request.fromCheckpoint ? { from: this.branches.sourceOf(request, sessionId), begun: false } : null;
      pending = {
        ...{ sessionId, hash, poolId: pool.id, lane, request, branch },
        ...{ joiners: new Set(), queued: known !== undefined },
        since: this.core.options.clock.monotonic(),
      };
      this.pending.set(sessionId, pending);
      const joined = this.join(pending, this.waitOf(request), signal);
      this.begin(pending);
      return joined;
    }
    return this.join(pending, this.waitOf(request), signal);
  }
  private waitOf({ waitMs, fromCheckpoint }: AcquireRequest): number {
    return waitMs ?? (fromCheckpoint ? this.core.limits.branchWaitMs : this.core.limits.waitMs);
  }
  /** Serves whoever is next while machines are ready; refuses everybody when waiting has become pointless. */
  dispatch(pool: PoolRow): void {
    this.branches.dispatch(pool);
    const queue = this.queues.get(pool.id);
    if (!queue || queue.size === 0) return;
    const blocked = this.blocked(pool);
    if (blocked) {
      for (const pending of queue.items()) this.giveUp(pending, blocked);
      return;
    }
    for (;;) {
      const machine = this.candidate(pool.id);
      const pending = machine && queue.take();
      if (!machine || !pending) return;
      void this.serve(pending, machine);
    }
  }
  /** Somebody took a waiting request back. False when nothing waits under this id. */
  withdraw(sessionId: string, reason: string): boolean {
    const pending = this.pending.get(sessionId);
    if (!pending) return false;
    this.giveUp(pending, new WheelhouseError('session_gone', reason));
    return true;
  }
  withdrawPool(poolId: string, error: WheelhouseError): void {
    for (const pending of [...this.pending.values()]) if (pending.poolId === poolId) this.giveUp(pending, error);
  }
  forgetPool(poolId: string): void {
    this.queues.delete(poolId);
  }
  withdrawAll(error: WheelhouseError): void {
    for (const pending of [...this.pending.values()]) this.giveUp(pending, error);
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
    return blockedBy(this.views.conditionsFor(pool, this.core.machines.byPool(pool.id)), pool.id);
  }
  private throwIfBlocked(pool: PoolRow): void {
    const blocked = this.blocked(pool);
    if (blocked) throw blocked;
  }

  private begin(pending: Pending): void {
    try {
      if (pending.branch) return this.queueBranch(pending);
      const nobodyBefore = (this.queues.get(pending.poolId)?.size ?? 0) === 0;
      const machine = nobodyBefore ? this.candidate(pending.poolId) : undefined;
      if (machine) void this.serve(pending, machine);
      else this.enqueue(pending);
    } catch (error) {
      this.settle(pending, (joiner) => joiner.reject(error));
    }
  }
  private queueBranch(pending: Pending): void {
    const { queuePerCaller } = this.core.limits;
    const waiting = this.count((one) => one.poolId === pending.poolId && one.branch !== null);
    if (waiting > queuePerCaller)
      throw new WheelhouseError('queue_full', 'Too many branches wait for a machine of this pool already.', {
        ...{ waiting, retryAfterSeconds: this.retryAfter(pending.poolId, waiting) },
      });
    this.writeQueued(pending);
    this.onDemand(pending.poolId);
  }
  private writeQueued(pending: Pending): void {
    if (pending.queued) return;
    this.core.commit('queue', () => {
      this.core.sessions.insert(this.rowOf(pending, null));
      this.core.noteSession(pending.sessionId, pending.poolId);
    });
    pending.queued = true;
  }
  private enqueue(pending: Pending, front = false): void {
    const { queueLength, queuePerCaller } = this.core.limits;
    let queue = this.queues.get(pending.poolId);
    if (!queue) this.queues.set(pending.poolId, (queue = new FairQueue()));
    const mine = queue.countOf(pending.lane);
    if (!front && (queue.size >= queueLength || mine >= queuePerCaller)) {
      const whose =
        mine >= queuePerCaller
          ? `You have ${mine} requests waiting for this pool already`
          : 'Too many requests wait for this pool';
      throw new WheelhouseError('queue_full', `${whose}. Try again in a while.`, {
        waiting: queue.size,
        retryAfterSeconds: this.retryAfter(pending.poolId, queue.size),
      });
    }
    this.writeQueued(pending);
    if (front) queue.unshift(pending.lane, pending);
    else queue.push(pending.lane, pending);
    this.onDemand(pending.poolId);
  }
  /** The oldest ready machine with an open link that nobody else is asking; those of the pool's current image first. */
  private candidate(poolId: string): MachineRow | undefined {
    const fit = this.core.machines
      .byPool(poolId)
      .filter(
        (row) =>
          row.state === 'ready' &&
          row.forSession === null &&
          !this.reserved.has(row.machineId) &&
          this.fleet.links.get(row.machineId),
      );
    return fit.find((row) => this.isFresh(row)) ?? fit[0];
  }

  private async serve(pending: Pending, machine: MachineRow): Promise<void> {
    const { machineId } = machine;
    this.reserved.add(machineId);
    try {
      const reason = await this.unfit(machine);
      if (this.core.stopped) return;
      if (reason !== null && this.core.machines.get(machineId)?.state === 'ready')
        this.fleet.recheck(machineId, reason);
      if (this.pending.get(pending.sessionId) !== pending) {
        await this.putBack(machine);
        return this.onDemand(pending.poolId);
      }
      const pool = this.core.pools.get(pending.poolId);
      const blocked =
        !pool || pool.deleting ? new WheelhouseError('not_found', 'The pool was deleted.') : this.blocked(pool);
      if (blocked) {
        this.giveUp(pending, blocked);
        return await this.putBack(machine);
      }
      if (reason === null && this.core.machines.get(machineId)?.state === 'ready')
        return this.lease(pending, machineId);
      this.reserved.delete(machineId);
      const other = this.candidate(pending.poolId);
      if (other) return await this.serve(pending, other);
      this.enqueue(pending, true);
    } catch (error) {
      this.core.options.logger.error({ sessionId: pending.sessionId, machineId, err: error }, 'a lease failed');
      this.giveUp(pending, error);
      await this.putBack(machine);
    } finally {
      this.reserved.delete(machineId);
    }
  }
  /** Woken, and not handed out after all: parked again, before anybody else asks it. */
  private async putBack({ machineId }: MachineRow): Promise<void> {
    const row = this.core.machines.get(machineId);
    if (!row || row.state !== 'ready' || !this.fleet.parks(row)) return;
    try {
      await this.fleet.park(row, this.core.stopping.signal);
    } catch (error) {
      this.core.guard('checking a machine that could not be parked', () => {
        if (!this.core.stopped && this.core.machines.get(machineId)?.state === 'ready')
          this.fleet.recheck(machineId, wordsOf(error));
      });
    }
  }
  /** Asks the machine once more; null when it answers with its own identity. */
  private async unfit(machine: MachineRow): Promise<string | null> {
    const guest = this.fleet.links.get(machine.machineId);
    if (!guest) return 'Its link was lost.';
    const { pingMs, wakeMs } = this.core.limits;
    const parked = this.fleet.parks(machine);
    try {
      if (parked) await this.fleet.wake(machine, wakeMs, this.core.stopping.signal);
      const health = await guest.health(parked ? wakeMs : pingMs);
      return health.bootId === machine.bootId && health.sessionReady ? null : 'Its in-guest agent was started anew.';
    } catch (error) {
      return `It did not answer when it was to be handed out: ${wordsOf(error)}`;
    }
  }
  private lease(pending: Pending, machineId: string): void {
    const row = this.core.commit('lease', () => {
      this.core.moveMachine(machineId, 'lease', { sessionId: pending.sessionId });
      if (pending.queued) return this.core.moveSession(pending.sessionId, 'lease', { machineId });
      this.core.sessions.insert(this.rowOf(pending, machineId));
      this.core.noteSession(pending.sessionId, pending.poolId);
      return this.core.session(pending.sessionId);
    });
    this.onLeased(row);
    this.core.hooks.acquired?.({
      poolId: pending.poolId,
      outcome: pending.branch ? 'branch' : pending.queued ? 'cold' : 'warm',
      ms: this.core.options.clock.monotonic() - pending.since,
    });
    const session = this.views.session(row);
    this.settle(pending, (joiner) => joiner.resolve(session));
    this.onDemand(pending.poolId);
  }
  private rowOf(pending: Pending, machineId: string | null): SessionRow {
    const { request } = pending;
    const { now } = this.core;
    return {
      sessionId: pending.sessionId,
      computerId: this.core.options.ids.make('c'),
      poolId: pending.poolId,
      machineId,
      status: machineId === null ? 'queued' : 'active',
      parametersHash: pending.hash,
      name: oneLine(request.name ?? ''),
      agent: oneLine(request.agent ?? ''),
      caller: request.caller.name,
      labels: request.labels ?? {},
      reason: null,
      createdAt: now,
      lastActivityAt: now,
      endedAt: null,
      ...{ homeId: null, idleSeconds: null, suspendedAt: null, suspendedMs: null, savedAs: null, size: null },
    };
  }

  private join(pending: Pending, waitMs: number, signal: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      const depart = (error: unknown): void => {
        joiner.leave();
        pending.joiners.delete(joiner);
        reject(error);
        if (pending.joiners.size === 0) this.giveUp(pending, error);
      };
      const hungUp = (): void => depart(signal.reason);
      const stopTimer = this.core.options.clock.after(waitMs, () => depart(this.tooLate(pending, waitMs)));
      const joiner: Joiner = {
        resolve,
        reject,
        leave: () => {
          stopTimer();
          signal.removeEventListener('abort', hungUp);
        },
      };
      signal.addEventListener('abort', hungUp, { once: true });
      pending.joiners.add(joiner);
    });
  }
  private tooLate(pending: Pending, waitMs: number): WheelhouseError {
    const queue = this.queues.get(pending.poolId);
    const place = queue?.place(pending.lane, pending) ?? 0;
    const pool = this.core.pools.get(pending.poolId);
    const ready =
      pool && this.views.conditionsFor(pool, this.core.machines.byPool(pool.id)).find((one) => one.type === 'Ready');
    const where = place > 0 ? ` Your place was ${place} of ${queue?.size ?? place}.` : '';
    return new WheelhouseError(
      'acquire_timeout',
      `No machine was ready within ${waitMs} ms.${where} ${ready?.message ?? ''}`.trim(),
      {
        place,
        waiting: queue?.size ?? 0,
        reason: ready?.reason,
        retryAfterSeconds: this.retryAfter(pending.poolId, queue?.size ?? 0),
      },
    );
  }
  /** Seconds, 1-30: about how long those who wait now take when they come up a few at a time. */
  private retryAfter(poolId: string, waiting: number): number {
    const maximum = this.core.pools.get(poolId)?.spec.warm.maximum ?? 1;
    return Math.min(30, Math.max(1, Math.ceil((2 * waiting) / Math.min(maximum, this.core.limits.createsAtOnce))));
  }
  private giveUp(pending: Pending, error: unknown): void {
    if (this.pending.get(pending.sessionId) !== pending) return;
    this.queues.get(pending.poolId)?.remove(pending.lane, pending);
    const row = pending.queued ? this.core.sessions.get(pending.sessionId) : undefined;
    this.settle(pending, (joiner) => joiner.reject(error));
    if (row?.status !== 'queued' || this.core.stopped) return;
    this.core.guard('leaving the queue', () => this.forget(row, error));
  }
  private forget(row: SessionRow, error: unknown): void {
    this.core.commit('queue.leave', () => {
      this.core.sessions.remove(row.sessionId);
      this.core.notePool(row.poolId);
    });
    const ended: SessionRow = {
      ...row,
      status: 'expired',
      endedAt: this.core.now,
      reason: wordsOf(error),
    };
    this.core.options.bus.emit({ event: 'session', data: this.views.session(ended) });
  }
  private settle(pending: Pending, tell: (joiner: Joiner) => void): void {
    if (this.pending.get(pending.sessionId) === pending) this.pending.delete(pending.sessionId);
    for (const joiner of pending.joiners) {
      joiner.leave();
      tell(joiner);
    }
    pending.joiners.clear();
  }
}

const keyReused = (sessionId: string): WheelhouseError =>
  new WheelhouseError('key_reused', 'This key was used with other parameters, or by another caller. Use a new key.', {
    sessionId,
  });
