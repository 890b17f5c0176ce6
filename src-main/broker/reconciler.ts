import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { plan } from './plan';
import type { Preparations } from './preparations';

/**
 * Carries plans out. A pass is synchronous: it reads the store, decides, writes intents and starts work; whatever changes
 * the picture (a commit, work that ended, a tick) asks for another pass, and many askers share one.
 */
export class Reconciler {
  private asked = false;
  /** How many callers wait for this pool; and what to do once its picture is up to date. */
  waiting: (poolId: string) => number = () => 0;
  /** Places that requests with a machine of their own still need. */
  places: (poolId: string) => number = () => 0;
  onPass: (pool: PoolRow, machines: MachineRow[]) => void = () => {};
  onPoolGone: (poolId: string) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly preparations: Preparations,
  ) {}

  poke(): void {
    if (this.asked || this.core.stopped) return;
    this.asked = true;
    setImmediate(() => {
      this.asked = false;
      this.pass();
    });
  }

  private pass(): void {
    if (this.core.stopped || this.core.stopping.signal.aborted) return;
    try {
      for (const pool of this.core.pools.all()) this.reconcile(pool);
    } catch (error) {
      this.core.options.logger.error({ err: error }, 'a reconcile pass failed');
    }
  }
  private reconcile(pool: PoolRow): void {
    // What was begun goes first: it holds slots.
    for (const row of this.core.machines.byPool(pool.id)) this.fleet.advance(row);
    const machines = this.core.machines.byPool(pool.id);
    const tag = this.watch.tag(pool.spec.backend, pool.spec.image);
    const failure = this.fleet.failure(pool.id);
    const idle = machines
      .filter((row) => row.state === 'creating' || row.state === 'starting')
      .filter((row) => !this.fleet.busy(row.machineId));
    const actions = plan(
      {
        minimum: pool.spec.warm.minimum,
        maximum: Math.max(0, pool.spec.warm.maximum - this.places(pool.id)),
        waiting: this.waiting(pool.id),
        paused: pool.spec.paused,
        deleting: pool.deleting,
      },
      {
        machines: machines.map((row) => ({
          machineId: row.machineId,
          state: row.state,
          fresh: isFresh(row, pool, tag),
          ageMs: this.core.quarantine.ageMs(row, this.core.limits.quarantinedMs),
          kept: this.core.quarantine.keptMs(row) > 0,
          taken: row.forSession !== null && ['creating', 'starting', 'ready'].includes(row.state),
        })),
        mayCreate:
          this.watch.reachable(pool.spec.backend) &&
          typeof tag === 'string' &&
          (failure?.retryInMs ?? 0) <= 0 &&
          this.prepared(pool, tag),
        slots: Math.max(0, this.fleet.freeSlots('up') - idle.length),
      },
      this.core.limits,
    );
    for (const action of actions) {
      if (action.kind === 'discard') this.fleet.discard(action.machineId, action.reason);
      else if (typeof tag === 'string') {
        const { backend, size } = pool.spec;
        this.fleet.create({ poolId: pool.id, backend, image: tag, size });
      }
    }
    if (actions.length > 0) for (const row of this.core.machines.byPool(pool.id)) this.fleet.advance(row);
    if (pool.deleting && this.core.machines.byPool(pool.id).length === 0) {
      this.core.commit('pool.gone', () => this.core.pools.remove(pool.id));
      this.onPoolGone(pool.id);
      return;
    }
    this.onPass(pool, machines);
  }
  /** What its machines come from is there, or can't be had; begun otherwise, unless nothing is to be made at all. */
  private prepared({ spec, deleting }: PoolRow, image: string): boolean {
    if (spec.paused || deleting) return true;
    return this.preparations.settled({ backend: spec.backend, image, size: spec.size });
  }
}

/** Of the image, size and backend that its pool asks for now. An image that can't be looked up makes nobody outdated. */
export function isFresh(row: MachineRow, pool: PoolRow, tag: string | null | undefined): boolean {
  const sameImage = typeof tag !== 'string' || row.image === tag;
  const sameSize = JSON.stringify(row.size) === JSON.stringify(pool.spec.size);
  return sameImage && sameSize && row.backend === pool.spec.backend;
}
