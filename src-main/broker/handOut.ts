import { WheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { SessionRow } from '../store/sessions';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Homes } from './homes';
import type { Pending } from './pending';
import { newSession } from './sessionRow';
import type { Views } from './views';
import type { WaitingRoom } from './waitingRoom';
import { wordsOf } from './words';

/**
 * A ready machine for whoever is next: it is asked once more whether it is there (a fraction of a millisecond), then one
 * transaction leases it, writes the session and gives it the machine's home. One that does not answer is checked again,
 * and the next one asked.
 */
export class HandOut {
  /** Machines being asked, so that two requests never ask the same. */
  private readonly reserved = new Set<string>();
  onLeased: (session: SessionRow) => void = () => {};
  onDemand: (poolId: string) => void = () => {};
  /** Of the image and size that its pool asks for now. */
  isFresh: (row: MachineRow) => boolean = () => true;
  blocked: (pool: PoolRow) => WheelhouseError | null = () => null;

  constructor(
    private readonly core: Core,
    private readonly fleet: Fleet,
    private readonly views: Views,
    private readonly room: WaitingRoom,
    private readonly homes: Homes,
  ) {}

  /** The oldest ready machine with an open link that nobody else is asking; those of the pool's current image first. */
  candidate(poolId: string): MachineRow | undefined {
    const fit = this.core.machines
      .byPool(poolId)
      .filter(
        (row) =>
          row.state === 'ready' &&
          row.forSession === null &&
          !this.reserved.has(row.machineId) &&
          this.fleet.links.get(row.machineId),
      );
    const pick = fit.find((row) => this.isFresh(row)) ?? fit[0];
    return pick && this.lacksHome(pick) ? fit.find((row) => !this.lacksHome(row)) : pick;
  }
  /** It is being asked whether it can be handed out. */
  reserves(machineId: string): boolean {
    return this.reserved.has(machineId);
  }
  /** The pool keeps homes since this machine was made; its session could never be suspended, nor keep anything. */
  lacksHome(row: MachineRow): boolean {
    return row.homeId === null && row.forSession === null && this.homes.due(row.poolId, row.image);
  }

  async serve(pending: Pending, machine: MachineRow): Promise<void> {
    const { machineId } = machine;
    this.reserved.add(machineId);
    try {
      const reason = await this.unfit(machine);
      if (this.core.stopped) return;
      if (reason !== null && this.core.machines.get(machineId)?.state === 'ready')
        this.fleet.recheck(machineId, reason);
      if (this.room.get(pending.sessionId) !== pending) {
        await this.putBack(machine);
        return this.onDemand(pending.poolId);
      }
      const pool = this.core.pools.get(pending.poolId);
      const blocked =
        !pool || pool.deleting ? new WheelhouseError('not_found', 'The pool was deleted.') : this.blocked(pool);
      if (blocked) {
        this.room.giveUp(pending, blocked);
        return await this.putBack(machine);
      }
      if (reason === null && this.core.machines.get(machineId)?.state === 'ready')
        return this.lease(pending, machineId);
      this.reserved.delete(machineId);
      const other = this.candidate(pending.poolId);
      if (other) return await this.serve(pending, other);
      this.room.enqueue(pending, true);
      this.onDemand(pending.poolId);
    } catch (error) {
      this.core.options.logger.error({ sessionId: pending.sessionId, machineId, err: error }, 'a lease failed');
      this.room.giveUp(pending, error);
      await this.putBack(machine);
    } finally {
      this.reserved.delete(machineId);
    }
  }
  /** Machine, session and home in one commit. */
  lease(pending: Pending, machineId: string): void {
    const { core } = this;
    const { sessionId, poolId } = pending;
    const row = core.commit('lease', () => {
      const machine = core.moveMachine(machineId, 'lease', { sessionId });
      const homeId = this.homes.give(machine, { sessionId, caller: pending.request.caller.name });
      if (pending.queued) {
        if (homeId !== null) core.sessions.setHome(sessionId, homeId);
        return core.moveSession(sessionId, 'lease', { machineId });
      }
      core.sessions.insert(newSession(core, pending, { machineId, homeId }));
      core.noteSession(sessionId, poolId);
      return core.session(sessionId);
    });
    this.onLeased(row);
    const branch = pending.request.fromCheckpoint !== undefined;
    core.hooks.acquired?.({
      poolId,
      outcome: branch ? 'branch' : pending.queued ? 'cold' : 'warm',
      ms: core.options.clock.monotonic() - pending.since,
    });
    const session = this.views.session(row);
    this.room.settle(pending, (joiner) => joiner.resolve(session));
    this.onDemand(poolId);
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
      // Asked at once: it answers as soon as it goes on, which may be before its backend has said so.
      const [health] = await Promise.all([
        guest.health(parked ? wakeMs : pingMs),
        parked && this.fleet.wake(machine, wakeMs, this.core.stopping.signal),
      ]);
      return health.bootId === machine.bootId && health.sessionReady ? null : 'Its in-guest agent was started anew.';
    } catch (error) {
      return `It did not answer when it was to be handed out: ${wordsOf(error)}`;
    }
  }
}
