import type { Size } from '@shared/pool';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { BackendWatch } from './backendWatch';
import type { Claim } from './capacity';
import type { CapacityBook } from './capacityBook';
import { claimOf } from './claims';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Forecasts } from './forecasts';
import { plan } from './plan';
import type { Preparations } from './preparations';

/** One pool at the beginning of a pass. */
interface Picture {
  pool: PoolRow;
  machines: readonly MachineRow[];
  tag: string | null | undefined;
  /** Creates that its failures leave open. */
  allowed: number;
  mayCreate: boolean;
  ahead: number;
}

/**
 * Carries plans out. A pass is synchronous: it reads the store, decides, writes intents and starts work; whatever changes
 * the picture (a commit, work that ended, a tick) asks for another pass, and many askers share one.
 */
export class Reconciler {
  private asked = false;
  /** How many callers wait for this pool; and what to do once its picture is up to date. */
  waiting: (poolId: string) => number = () => 0;
  /** Sizes of the machines that are wanted for one session alone and have no place yet. */
  ownSizes: (poolId: string) => readonly Size[] = () => [];
  /** It is being asked whether it can be handed out. */
  reserved: (machineId: string) => boolean = () => false;
  onPass: (pool: PoolRow, machines: MachineRow[]) => void = () => {};
  onPoolGone: (poolId: string) => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly preparations: Preparations,
    private readonly capacity: CapacityBook,
    private readonly forecasts: Forecasts,
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
      const pools = this.core.pools.all();
      const machines = this.core.machines.all();
      const pictures = pools.map((pool) =>
        this.look(
          pool,
          machines.filter((row) => row.poolId === pool.id),
        ),
      );
      this.capacity.divide(pictures.map((picture) => this.claim(picture)));
      for (const picture of pictures) this.reconcile(picture);
    } catch (error) {
      this.core.options.logger.error({ err: error }, 'a reconcile pass failed');
    }
  }
  /** A pool with what it wants and what it can. */
  private look(pool: PoolRow, machines: readonly MachineRow[]): Picture {
    const { backend, image, warm } = pool.spec;
    const tag = this.watch.tag(backend, image);
    const coming = machines.filter((row) => isComing(row) && row.bootId === null && row.forSession === null).length;
    const allowed = this.fleet.allows(pool.id, coming, this.basisOf(pool, tag));
    const mayCreate =
      this.watch.reachable(backend) && typeof tag === 'string' && allowed > 0 && this.prepared(pool, tag);
    const ahead = pool.spec.paused ? 0 : Math.max(0, this.forecasts.look(pool.id).ready - warm.minimum);
    return { pool, machines, tag, allowed, mayCreate, ahead };
  }
  /** What failures to make a machine are about: as soon as this is another, they say nothing any more. */
  private basisOf({ id, spec }: PoolRow, tag: string | null | undefined): string {
    const status = this.watch.status(spec.backend);
    const homes = typeof tag === 'string' && this.fleet.homes.due(id, tag);
    return JSON.stringify([spec.backend, status?.reachable, status?.version, tag, spec.size, homes, spec.network]);
  }
  private claim({ pool, machines, mayCreate, ahead }: Picture): Claim {
    const { size, warm, paused } = pool.spec;
    return claimOf(
      {
        ...{ poolId: pool.id, size, warm, paused, deleting: pool.deleting, ahead, mayCreate },
        ...{ waiting: this.waiting(pool.id), ownSizes: this.ownSizes(pool.id) },
      },
      machines.map((row) => ({ ...row, kept: this.core.quarantine.keptMs(row) > 0 })),
    );
  }
  private reconcile({ pool, machines, tag, allowed, mayCreate, ahead }: Picture): void {
    // What was begun goes first: it holds slots.
    for (const row of machines) this.fleet.advance(row);
    const idle = machines.filter((row) => isComing(row) && !this.fleet.busy(row.machineId));
    const own = this.ownSizes(pool.id).length;
    const { room = 0, spare = false, give = 0 } = this.capacity.allotment(pool.id) ?? {};
    const fresh = this.freshness(pool);
    const actions = plan(
      {
        minimum: pool.spec.warm.minimum,
        maximum: Math.max(0, pool.spec.warm.maximum - own),
        waiting: this.waiting(pool.id),
        ahead,
        paused: pool.spec.paused,
        deleting: pool.deleting,
      },
      {
        machines: machines.map((row) => ({
          machineId: row.machineId,
          state: row.state,
          fresh: fresh(row),
          ageMs: this.core.quarantine.ageMs(row, this.core.limits.quarantinedMs),
          kept: this.core.quarantine.keptMs(row) > 0,
          taken: row.forSession !== null && (isComing(row) || row.state === 'ready'),
        })),
        mayCreate,
        slots: Math.min(allowed, Math.max(0, this.fleet.freeSlots('up') - idle.length)),
        ...{ room: Math.max(0, room - own), spare, give },
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
    this.repark(pool, machines);
    if (actions.length > 0) for (const row of this.core.machines.byPool(pool.id)) this.fleet.advance(row);
    if (pool.deleting && this.core.machines.byPool(pool.id).length === 0) {
      this.core.commit('pool.gone', () => this.core.pools.remove(pool.id));
      this.onPoolGone(pool.id);
      return;
    }
    this.onPass(pool, [...machines]);
  }
  /**
   * The pool's `warm.freeze` was switched: its ready machines follow, one at a time, by being checked anew, so that none
   * is stopped or let go on while somebody is about to get it.
   */
  private repark(pool: PoolRow, machines: readonly MachineRow[]): void {
    if (machines.some((row) => row.forSession === null && isComing(row))) return;
    const row = machines.find((one) => this.fleet.misparked(one, pool) && !this.reserved(one.machineId));
    if (row && this.core.machines.get(row.machineId)?.state === 'ready')
      this.fleet.recheck(row.machineId, 'Whether ready machines are stopped was changed.');
  }
  /** Of the image, size, backend and home that its pool asks for now. */
  isFresh(row: MachineRow, pool: PoolRow): boolean {
    return this.freshness(pool)(row);
  }
  private freshness(pool: PoolRow): (row: MachineRow) => boolean {
    const tag = this.watch.tag(pool.spec.backend, pool.spec.image);
    const size = JSON.stringify(pool.spec.size);
    const hasHome = typeof tag === 'string' ? this.fleet.homes.due(pool.id, tag) : null;
    return (row) => isFresh(row, pool.spec.backend, size, tag, hasHome);
  }
  /** What its machines come from is there, or can't be had; begun otherwise, unless nothing is to be made at all. */
  private prepared({ spec, deleting }: PoolRow, image: string): boolean {
    if (spec.paused || deleting) return true;
    return this.preparations.settled({ backend: spec.backend, image, size: spec.size });
  }
}

/**
 * Of the image, size and backend that its pool asks for now, with a home of its own or none, as it should. An image that
 * can't be looked up makes nobody outdated.
 */
function isFresh(
  row: MachineRow,
  backend: MachineRow['backend'],
  size: string,
  tag: string | null | undefined,
  hasHome: boolean | null,
): boolean {
  const sameImage = typeof tag !== 'string' || row.image === tag;
  const sameHome = hasHome === null || (row.homeId !== null) === hasHome;
  return sameImage && sameHome && row.backend === backend && JSON.stringify(row.size) === size;
}

const isComing = (row: MachineRow): boolean => row.state === 'creating' || row.state === 'starting';
