import type { Size } from '@shared/pool';
import { bounded } from '../base/bounded';
import { WheelhouseError } from '../base/errors';
import type { PoolRow } from '../store/pools';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import { inUse, type Homes } from './homes';
import type { OwnMaking } from './ownMachines';
import type { AcquireRequest } from './types';

/** What a session is to be given: any ready machine of its pool (`own` null), or one that is made for it. */
export interface Wish {
  own: OwnMaking | null;
  /** The session's own, where it asked for that; null: as its pool says. */
  size: Size | null;
}

export const sameSize = (a: Size, b: Size): boolean =>
  a.cpus === b.cpus && a.memoryMiB === b.memoryMiB && a.width === b.width && a.height === b.height;

/** What the machines are made of that are made for one session alone. */
export class Makings {
  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly homes: Homes,
  ) {}

  /** Of a request that its pool allows. not_found, bad_request, forbidden, conflict, not_supported, not_ready. */
  forRequest(request: AcquireRequest, pool: PoolRow, sessionId: string): Wish {
    if (request.fromCheckpoint) return this.branch(request, request.fromCheckpoint, sessionId);
    const { screen, homeId } = request;
    const size = screen ? { ...pool.spec.size, ...screen } : null;
    const ordinary = size === null || sameSize(size, pool.spec.size);
    if (ordinary && homeId === undefined) return { own: null, size };
    const image = this.imageOf(pool);
    if (homeId !== undefined) this.checkHome(homeId, request, pool, image);
    const own = this.homes.due(pool.id, image) ? (homeId ?? this.core.options.ids.make('home')) : null;
    return { own: this.making(pool, image, size, sessionId, own), size };
  }
  /** A home that the store does not know must not be there either: whatever is in it is not this caller's. conflict. */
  async checkNew({ backend, homeId }: OwnMaking, parent: AbortSignal): Promise<void> {
    if (!homeId || this.core.homes.get(homeId)) return;
    const homes = this.watch.backend(backend)?.homes;
    const seen = await bounded('Looking for the home', this.core.limits.homesMs, parent, async (signal) =>
      homes?.list(signal),
    );
    if (seen?.some((one) => one.homeId === homeId))
      throw new WheelhouseError('conflict', 'There is a home of this id that Wheelhouse does not know. Use another.', {
        homeId,
      });
  }

  private making(
    { id, spec }: PoolRow,
    image: string,
    size: Size | null,
    forSession: string,
    homeId: string | null,
  ): OwnMaking {
    return { poolId: id, backend: spec.backend, image, size: size ?? spec.size, forSession, homeId };
  }
  private imageOf({ id, spec }: PoolRow): string {
    const tag = this.watch.tag(spec.backend, spec.image);
    if (typeof tag === 'string') return tag;
    throw new WheelhouseError('not_ready', 'The pool’s image is being looked up. Try again shortly.', {
      poolId: id,
      retryAfterSeconds: 2,
    });
  }
  private checkHome(homeId: string, { caller }: AcquireRequest, pool: PoolRow, image: string): void {
    if (!this.homes.due(pool.id, image))
      throw new WheelhouseError('not_supported', 'Machines of this pool’s image get no home that is kept.', { homeId });
    const home = this.core.homes.get(homeId);
    // Made for a request that was given up: it goes with its machine, and then this one makes it anew.
    const leftover = home?.caller === null && !this.isWarm(homeId);
    if (home && !leftover && caller.role === 'agent' && home.caller !== caller.name)
      throw new WheelhouseError('forbidden', 'This home belongs to another token.', { homeId });
    if (home && home.poolId !== pool.id)
      throw new WheelhouseError('bad_request', 'This home belongs to another pool.', {
        details: [{ path: 'homeId', message: `of the pool ${home.poolId}` }],
      });
    if (home && home.backend !== pool.spec.backend) throw this.elsewhere(home.backend);
    if (home && !leftover && (home.deleting || home.caller === null || home.sessionId !== null)) throw inUse(home);
    if (this.homes.isWanted(homeId))
      throw new WheelhouseError('conflict', 'Another request waits for a machine with this home.', { homeId });
  }
  /** Of a machine that anybody may get. */
  private isWarm(homeId: string): boolean {
    const machine = this.core.machines.all().find((row) => row.homeId === homeId);
    return machine?.forSession === null && machine.state !== 'destroying';
  }
  private elsewhere(backend: string): WheelhouseError {
    return new WheelhouseError('conflict', `This home is on the ${backend} backend; its pool uses another one now.`);
  }
  /** Image and size of the machine that was saved. */
  private branch(
    { poolId }: AcquireRequest,
    from: NonNullable<AcquireRequest['fromCheckpoint']>,
    forSession: string,
  ): Wish {
    // A session that was suspended has its checkpoints without their machine; the backend knows what they are of.
    const source = this.core.machines.get(from.machineId) ?? this.asPool(poolId);
    if (!source) throw new WheelhouseError('not_found', 'The machine of this checkpoint is gone, and it with it.');
    if (source.poolId !== poolId)
      throw new WheelhouseError('bad_request', 'A branch goes on in the pool of the session that it branches from.');
    const { backend, image, size } = source;
    if (!this.watch.backend(backend)?.checkpoints)
      throw new WheelhouseError('not_supported', `Machines of the ${backend} backend can't be saved.`);
    return { own: { poolId, backend, image, size, forSession, fromCheckpoint: from.checkpointId }, size };
  }
  private asPool(poolId: string): Pick<OwnMaking, 'poolId' | 'backend' | 'image' | 'size'> | undefined {
    const spec = this.core.pools.get(poolId)?.spec;
    if (!spec) return undefined;
    const { backend, size } = spec;
    const image = this.watch.tag(backend, spec.image);
    return typeof image === 'string' ? { poolId, backend, image, size } : undefined;
  }
}
