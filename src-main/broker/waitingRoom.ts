import type { Session } from '@shared/session';
import { afterAwake } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { SessionRow } from '../store/sessions';
import { forAgents } from './agentWords';
import type { Core } from './core';
import { FairQueue } from './fairQueue';
import type { Joiner, Pending } from './pending';
import { newSession } from './sessionRow';
import type { AcquireRequest, QueuePlace } from './types';
import type { Views } from './views';
import { wordsOf } from './words';

/**
 * Who waits for a session: one entry a key, however many callers asked with it, each with a deadline of its own. Those
 * for whom any machine of their pool does stand in a queue that is fair between callers; the others wait for the machine
 * that is made for them. A key whose last caller left, or whose wait has become pointless, leaves no trace. Places are
 * told as they change, at most once in `placesMs`.
 */
export class WaitingRoom {
  private readonly keys = new Map<string, Pending>();
  private readonly queues = new Map<string, FairQueue<Pending>>();
  private readonly moved = new Set<string>();
  private timer: (() => void) | null = null;

  constructor(
    private readonly core: Core,
    private readonly views: Views,
  ) {}

  all(): Iterable<Pending> {
    return this.keys.values();
  }
  get(sessionId: string): Pending | undefined {
    return this.keys.get(sessionId);
  }
  count(is: (pending: Pending) => boolean): number {
    let count = 0;
    for (const pending of this.keys.values()) if (is(pending)) count += 1;
    return count;
  }
  /** In the queue for any machine of this pool. */
  queued(poolId: string): Pending[] {
    return this.queues.get(poolId)?.items() ?? [];
  }
  /** Whose turn it is; out of the queue from then on. */
  take(poolId: string): Pending | undefined {
    const pending = this.queues.get(poolId)?.take();
    if (pending) this.changed(poolId);
    return pending;
  }
  forgetPool(poolId: string): void {
    this.queues.delete(poolId);
  }

  /** A caller more for this key, until it has its session, its time is over or it hangs up. */
  join(pending: Pending, waitMs: number, { onPlace }: AcquireRequest, signal: AbortSignal): Promise<Session> {
    this.keys.set(pending.sessionId, pending);
    return new Promise((resolve, reject) => {
      const depart = (error: unknown): void => {
        joiner.leave();
        pending.joiners.delete(joiner);
        reject(error);
        if (pending.joiners.size === 0) this.giveUp(pending, error);
      };
      const hungUp = (): void => depart(signal.reason);
      const stopTimer = afterAwake(this.core.options.clock, waitMs, () => depart(this.tooLate(pending, waitMs)));
      const joiner: Joiner = {
        resolve,
        reject,
        onPlace,
        leave: () => {
          stopTimer();
          signal.removeEventListener('abort', hungUp);
        },
      };
      signal.addEventListener('abort', hungUp, { once: true });
      pending.joiners.add(joiner);
      if (pending.told) this.tell([joiner], pending.told);
    });
  }
  /** At its end, or, when it was taken and could not be served, at its front. queue_full. */
  enqueue(pending: Pending, front = false): void {
    const { queueLength, queuePerCaller } = this.core.limits;
    let queue = this.queues.get(pending.poolId);
    if (!queue) this.queues.set(pending.poolId, (queue = new FairQueue()));
    const mine = queue.countOf(pending.lane);
    if (!front && (queue.size >= queueLength || mine >= queuePerCaller)) {
      const whose =
        mine >= queuePerCaller
          ? `You have ${mine} requests waiting for this pool already`
          : 'Too many requests wait for this pool';
      throw this.full(`${whose}. Try again in a while.`, pending.poolId, queue.size);
    }
    this.write(pending);
    if (front) queue.unshift(pending.lane, pending);
    else queue.push(pending.lane, pending);
    this.changed(pending.poolId);
  }
  /** It waits for a machine of its own, in no queue. queue_full; one caller's requests shut nobody else out. */
  enter(pending: Pending): void {
    const { queueLength, queuePerCaller } = this.core.limits;
    const { poolId, lane } = pending;
    const waiting = this.count((one) => one.poolId === poolId && one.own !== null);
    const mine = this.count((one) => one.poolId === poolId && one.own !== null && one.lane === lane);
    if (mine > queuePerCaller || waiting > queueLength) {
      const whose = mine > queuePerCaller ? 'Too many requests of yours' : 'Too many requests';
      throw this.full(`${whose} wait for a machine of their own already.`, poolId, waiting);
    }
    this.write(pending);
    this.changed(poolId);
  }

  /** From 1; null when it does not wait. */
  placeOf(sessionId: string): QueuePlace | null {
    const pending = this.keys.get(sessionId);
    if (!pending?.queued) return null;
    if (pending.own) {
      const own = [...this.keys.values()].filter((one) => one.poolId === pending.poolId && one.own !== null);
      return { place: own.indexOf(pending) + 1, waiting: own.length };
    }
    const queue = this.queues.get(pending.poolId);
    // Taken out because a machine is being asked for it just now: nobody is before it.
    const place = queue?.place(pending.lane, pending) || 1;
    return { place, waiting: Math.max(place, queue?.size ?? 0) };
  }

  giveUp(pending: Pending, error: unknown): void {
    if (this.keys.get(pending.sessionId) !== pending) return;
    this.queues.get(pending.poolId)?.remove(pending.lane, pending);
    const row = pending.queued ? this.core.sessions.get(pending.sessionId) : undefined;
    this.settle(pending, (joiner) => joiner.reject(error));
    pending.gone.abort(error);
    if (row?.status !== 'queued' || this.core.stopped) return;
    this.core.guard('leaving the queue', () => this.forget(row, error));
  }
  settle(pending: Pending, tell: (joiner: Joiner) => void): void {
    if (this.keys.get(pending.sessionId) === pending) this.keys.delete(pending.sessionId);
    for (const joiner of pending.joiners) {
      joiner.leave();
      tell(joiner);
    }
    pending.joiners.clear();
    this.changed(pending.poolId);
  }

  private write(pending: Pending): void {
    if (pending.queued) return;
    this.core.commit('queue', () => {
      this.core.sessions.insert(newSession(this.core, pending, null));
      this.core.noteSession(pending.sessionId, pending.poolId);
    });
    pending.queued = true;
  }
  private forget(row: SessionRow, error: unknown): void {
    this.core.commit('queue.leave', () => {
      this.core.sessions.remove(row.sessionId);
      this.core.notePool(row.poolId);
    });
    const ended: SessionRow = { ...row, status: 'expired', endedAt: this.core.now, reason: wordsOf(error) };
    this.core.options.bus.emit({ event: 'session', data: this.views.session(ended) });
  }

  private changed(poolId: string): void {
    // As a rule nobody waits, and a session is had at once.
    if (this.keys.size === 0) return;
    this.moved.add(poolId);
    this.timer ??= this.core.options.clock.after(this.core.limits.placesMs, () =>
      this.core.guard('telling places', () => this.tellPlaces()),
    );
  }
  private tellPlaces(): void {
    this.timer = null;
    const pools = new Set(this.moved);
    this.moved.clear();
    if (this.core.stopped) return;
    for (const pending of this.keys.values()) {
      const place = pools.has(pending.poolId) ? this.placeOf(pending.sessionId) : null;
      if (!place || (place.place === pending.told?.place && place.waiting === pending.told.waiting)) continue;
      pending.told = place;
      this.tell(pending.joiners, place);
      const row = this.core.sessions.get(pending.sessionId);
      if (row) this.core.options.bus.emit({ event: 'session', data: this.views.session(row) });
    }
  }
  private tell(joiners: Iterable<Joiner>, place: QueuePlace): void {
    for (const { onPlace } of joiners) this.core.guard('telling a place', () => onPlace?.(place));
  }
  close(): void {
    this.timer?.();
    this.timer = null;
  }

  private tooLate(pending: Pending, waitMs: number): WheelhouseError {
    const { poolId } = pending;
    const { place, waiting } = this.placeOf(pending.sessionId) ?? { place: 0, waiting: 0 };
    const pool = this.core.pools.get(poolId);
    const found =
      pool && this.views.conditionsFor(pool, this.core.machines.byPool(pool.id)).find((one) => one.type === 'Ready');
    const ready = found && pending.request.caller.role === 'agent' ? forAgents(found) : found;
    const where = place > 0 ? ` Your place was ${place} of ${waiting}.` : '';
    return new WheelhouseError(
      'acquire_timeout',
      `No machine was ready within ${waitMs} ms.${where} ${ready?.message ?? ''}`.trim(),
      { place, waiting, reason: ready?.reason, retryAfterSeconds: this.retryAfter(poolId, waiting) },
    );
  }
  private full(words: string, poolId: string, waiting: number): WheelhouseError {
    return new WheelhouseError('queue_full', words, {
      waiting,
      retryAfterSeconds: this.retryAfter(poolId, waiting),
    });
  }
  /** Seconds, 1-30: about how long those who wait now take when they come up a few at a time. */
  private retryAfter(poolId: string, waiting: number): number {
    const maximum = this.core.pools.get(poolId)?.spec.warm.maximum ?? 1;
    return Math.min(30, Math.max(1, Math.ceil((2 * waiting) / Math.min(maximum, this.core.limits.createsAtOnce))));
  }
}
