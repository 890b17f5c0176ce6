import { assertNever, WheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Making } from './pending';

/** What an own machine is made of: a warm one's parts, or a checkpoint, a home, another size. */
export type OwnMaking = Making & { forSession: string };

export interface Want<T> {
  making: OwnMaking;
  /**
   * Called with the machine, ready and its link open, in the same turn: leases it, in one commit. Until then the machine
   * is nobody's. What it throws rejects the promise, and the machine is ended.
   */
  take(machine: MachineRow): T;
  /** Nobody wants it any more. */
  signal: AbortSignal;
  /** At most so long, in milliseconds (timeout); absent: until the signal. */
  ms?: number;
  /** Also while its pool is paused: its session had a machine before. */
  alsoPaused?: boolean;
  /** What it waits for, in words, each time that changes. */
  progress?: (words: string) => void;
}

interface Wanted {
  making: OwnMaking;
  machineId: string | null;
  alsoPaused: boolean;
  take(row: MachineRow): void;
  fail(error: unknown): void;
  says(words: string): void;
}

/**
 * Machines made for one session alone: from a checkpoint, with a home that is there already, or of another size than the
 * pool's; for a new session, and for one that was suspended. Each waits for a place below its pool's maximum, where warm
 * machines make room, and until no other machine has its home; then it is made, checked like any other, and taken. Nobody
 * else ever gets it; one whose session does not want it any more, or whose broker ended, is ended.
 *
 * To bring a session back: write its own intent (idle → acquiring), then
 * `await ownMachines.want({ making: { poolId, backend, image, size, forSession: sessionId, homeId }, take, signal, ms })`
 * with a `take` that commits machine `lease` and session `lease` together. It rejects with what is in the way
 * (pool_paused, image_missing, backend_unreachable …), guest_failed when the machine did not come up, conflict when its
 * home can't be had, timeout, or the signal's reason; the session's own row is the caller's to put back. After a restart
 * nothing is wanted: recovery ends what was being made, and the caller wants anew.
 */
export class OwnMachines {
  private readonly wanted = new Set<Wanted>();
  /** Why the pool can't hand out anything now or soon. */
  blocked: (pool: PoolRow) => WheelhouseError | null = () => null;
  onDemand: (poolId: string) => void = () => {};
  /** This computer has room for it, now. */
  mayMake: (making: OwnMaking) => boolean = () => true;

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
  ) {}

  /** Those of a pool that have no place yet, in the order they were asked for. */
  waiting(poolId: string): OwnMaking[] {
    return this.of(poolId)
      .filter((wanted) => wanted.machineId === null)
      .map((wanted) => wanted.making);
  }

  want<T>(want: Want<T>): Promise<T> {
    const { making, signal, ms } = want;
    return new Promise<T>((resolve, reject) => {
      signal.throwIfAborted();
      if ([...this.wanted].some((one) => one.making.forSession === making.forSession))
        throw new WheelhouseError('conflict', 'A machine is being made for this session already.');
      let said = '';
      const over = (): void => {
        this.wanted.delete(wanted);
        stopTimer?.();
        signal.removeEventListener('abort', cancelled);
        this.onDemand(making.poolId);
      };
      const wanted: Wanted = {
        ...{ making, machineId: null, alsoPaused: want.alsoPaused ?? false },
        take: (row) => {
          resolve(want.take(row));
          over();
        },
        fail: (error) => {
          over();
          reject(error);
        },
        says: (words) => {
          if (words !== said) want.progress?.((said = words));
        },
      };
      const cancelled = (): void => wanted.fail(signal.reason);
      const late = (): void =>
        wanted.fail(new WheelhouseError('timeout', `No machine was ready for this session within ${ms} ms.`));
      const stopTimer = ms === undefined ? null : this.core.options.clock.after(ms, late);
      signal.addEventListener('abort', cancelled, { once: true });
      this.wanted.add(wanted);
      this.onDemand(making.poolId);
    });
  }
  withdrawPool(poolId: string, error: WheelhouseError): void {
    for (const wanted of this.of(poolId)) wanted.fail(error);
  }
  withdrawAll(error: WheelhouseError): void {
    for (const wanted of [...this.wanted]) wanted.fail(error);
  }

  /** Goes on with every machine that is wanted in this pool, and ends those that are not wanted any more. */
  dispatch(pool: PoolRow): void {
    const waiting = this.of(pool.id);
    const blocked = waiting.length > 0 ? this.blocked(pool) : null;
    for (const wanted of waiting) {
      try {
        if (blocked && !(wanted.alsoPaused && blocked.code === 'pool_paused')) wanted.fail(blocked);
        else this.serve(wanted, pool);
      } catch (error) {
        wanted.fail(error);
      }
    }
    const kept = new Set(this.of(pool.id).map((wanted) => wanted.machineId));
    for (const row of this.core.machines.byPool(pool.id)) {
      if (row.forSession !== null && isComingUp(row) && !kept.has(row.machineId))
        this.fleet.discard(row.machineId, 'Nobody waits for it any more.');
    }
  }

  private of(poolId: string): Wanted[] {
    return [...this.wanted].filter((wanted) => wanted.making.poolId === poolId);
  }
  private serve(wanted: Wanted, pool: PoolRow): void {
    if (wanted.machineId === null) return this.begin(wanted, pool);
    const row = this.core.machines.get(wanted.machineId);
    if (row?.state === 'ready') return wanted.take(row);
    if (row && isComingUp(row)) {
      return wanted.says(row.state === 'creating' ? 'Its machine is being made.' : 'Its machine is being checked.');
    }
    const why = row?.reason ?? 'its machine is gone.';
    wanted.fail(new WheelhouseError('guest_failed', `The machine for this session did not come up: ${why}`));
  }
  private begin(wanted: Wanted, pool: PoolRow): void {
    const { making } = wanted;
    const rows = this.core.machines.byPool(pool.id);
    const holder = making.homeId ? rows.find((row) => row.homeId === making.homeId) : undefined;
    if (holder) {
      this.free(holder);
      return wanted.says('Its home is still with its last machine, which is being ended.');
    }
    // Left by a request that was given up; gone in a moment.
    if (making.homeId && this.core.homes.get(making.homeId)?.deleting)
      return wanted.says('An earlier home of this id is just being removed.');
    if (rows.length >= pool.spec.warm.maximum || !this.mayMake(making))
      return wanted.says('It waits for a place: as many machines exist as may.');
    wanted.machineId = this.fleet.create(making).machineId;
    wanted.says('Its machine is being made.');
    this.onDemand(pool.id);
  }
  /** Another machine has the home that is wanted: it goes, unless a person wants it for a look. */
  private free(holder: MachineRow): void {
    switch (holder.state) {
      case 'leased':
        throw new WheelhouseError('conflict', 'Another session has this home.');
      case 'quarantined':
        if (this.core.quarantine.keptMs(holder) > 0)
          throw new WheelhouseError('conflict', 'A machine that failed with this home is kept for a look.', {
            machineId: holder.machineId,
          });
        return this.fleet.discard(holder.machineId, 'Its home is needed.');
      case 'creating':
      case 'starting':
      case 'ready':
      case 'resetting':
      case 'destroying':
      case 'gone':
        // On its way out, or about to be, as nobody wants it.
        return;
      default:
        return assertNever(holder.state);
    }
  }
}

const isComingUp = (row: MachineRow): boolean =>
  row.state === 'creating' || row.state === 'starting' || row.state === 'ready';
