import { WheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Making, Pending } from './pending';
import type { AcquireRequest } from './types';

/** What serving a branch asks of the part that knows who waits. */
export interface Desk {
  pending(): Iterable<Pending>;
  blocked(pool: PoolRow): WheelhouseError | null;
  lease(pending: Pending, machineId: string): void;
  giveUp(pending: Pending, error: unknown): void;
  onDemand(poolId: string): void;
}

const comingUp = (row: MachineRow): boolean =>
  row.state === 'creating' || row.state === 'starting' || row.state === 'ready';

/**
 * Sessions that go on from a checkpoint. Each waits for a place below its pool's maximum, where warm machines make room,
 * and then for the machine that is made for it alone. Nobody else ever gets that machine; when its session does not want
 * it any more, it is ended.
 */
export class Branches {
  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
    private readonly desk: Desk,
  ) {}

  /** Image and size of the machine that was saved. not_found, bad_request, not_supported. */
  sourceOf({ poolId, fromCheckpoint: from }: AcquireRequest, sessionId: string): Making {
    const source = from && this.core.machines.get(from.machineId);
    if (!source) throw new WheelhouseError('not_found', 'The machine of this checkpoint is gone, and it with it.');
    if (source.poolId !== poolId)
      throw new WheelhouseError('bad_request', 'A branch goes on in the pool of the session that it branches from.');
    const { backend, image, size } = source;
    if (!this.fleet.savesMachines(source))
      throw new WheelhouseError('not_supported', `Machines of the ${backend} backend can't be saved.`);
    return { poolId, backend, image, size, forSession: sessionId, fromCheckpoint: from.checkpointId };
  }

  dispatch(pool: PoolRow): void {
    const rows = this.core.machines.byPool(pool.id);
    const own = new Map(rows.flatMap((row) => (row.forSession === null ? [] : [[row.forSession, row] as const])));
    const waiting = [...this.desk.pending()].filter((one) => one.poolId === pool.id && one.branch !== null);
    const blocked = waiting.length > 0 ? this.desk.blocked(pool) : null;
    let room = pool.spec.warm.maximum - rows.length;
    for (const pending of waiting) {
      try {
        if (blocked) this.desk.giveUp(pending, blocked);
        else if (this.serve(pending, own.get(pending.sessionId), room > 0)) room -= 1;
      } catch (error) {
        this.desk.giveUp(pending, error);
      }
    }
    const wanted = new Set([...this.desk.pending()].map((one) => one.sessionId));
    for (const [sessionId, { machineId }] of own) {
      const row = wanted.has(sessionId) ? undefined : this.core.machines.get(machineId);
      if (row && comingUp(row)) this.fleet.discard(machineId, 'Nobody waits for it any more.');
    }
  }
  /** True when a place was taken. */
  private serve(pending: Pending, row: MachineRow | undefined, room: boolean): boolean {
    const { branch } = pending;
    if (!branch) return false;
    if (!row && !branch.begun) {
      if (!room) return false;
      this.fleet.create(branch.from);
      branch.begun = true;
      this.desk.onDemand(pending.poolId);
      return true;
    }
    if (row?.state === 'ready') this.desk.lease(pending, row.machineId);
    else if (!row || !comingUp(row)) {
      const why = row?.reason ?? 'its machine is gone.';
      this.desk.giveUp(pending, new WheelhouseError('guest_failed', `The branch did not come up: ${why}`));
    }
    return false;
  }
}
