import type { BackendKind, MachineTrouble } from '@shared/pool';
import { asWheelhouseError } from '../base/errors';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { SessionLife } from './sessionLife';
import { wordsOf } from './words';

/**
 * Notices what nobody told us: guests that hang, machines that died or vanished, machines of ours that the store does
 * not know (a create whose caller died before its row, or a destroy that was cut short). A loss harms its own machine
 * and session only.
 */
export class Supervisor {
  private readonly misses = new Map<string, number>();
  private readonly asking = new Set<string>();
  private readonly listing = new Set<BackendKind>();
  private nextHealth = 0;
  private nextList = 0;
  private readonly disposers: (() => void)[] = [];

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly life: SessionLife,
  ) {}

  start(): void {
    for (const backend of this.core.options.backends.values()) {
      this.disposers.push(
        backend.onExit((machineId, reason) => {
          if (!this.core.stopped) this.lost(machineId, `The machine ended: ${reason}`, 'dead');
        }),
      );
    }
  }
  stop(): void {
    for (const dispose of this.disposers.splice(0)) dispose();
  }

  /** Its link, its backend or its silence says that it is lost. Machines on their way out are left alone. */
  lost(machineId: string, reason: string, trouble: MachineTrouble): void {
    this.core.guard('noting a lost machine', () => this.noteLost(machineId, reason, trouble));
  }
  private noteLost(machineId: string, reason: string, trouble: MachineTrouble): void {
    const row = this.core.machines.get(machineId);
    if (!row) return;
    // The old process ends on the way back; whoever puts the machine back knows when it is lost.
    if (row.restoring !== null) return this.core.options.logger.info({ machineId, reason }, 'ended to be put back');
    if (row.state === 'leased' && row.sessionId !== null) this.life.fail(row.sessionId, reason, trouble);
    else if (row.state === 'starting' || row.state === 'ready') {
      this.core.options.logger.warn({ machineId, poolId: row.poolId, reason }, 'a warm machine is lost');
      this.fleet.quarantine(machineId, reason, trouble);
      this.fleet.onProgress(row.poolId);
    }
  }

  /** From the broker's tick; `slept` starts the counting of silence anew. */
  tick(now: number, slept: number): void {
    if (slept > 0) this.misses.clear();
    if (now >= this.nextHealth) {
      this.nextHealth = now + this.core.limits.healthEveryMs;
      // One that is stopped can't answer: for it what its backend lists is the check.
      const up = this.core.machines
        .all()
        .filter((row) => row.state === 'ready' || row.state === 'leased')
        .filter((row) => !this.fleet.quiet(row) && !this.fleet.turns.busy(row.machineId));
      const known = new Set(up.map((row) => row.machineId));
      for (const machineId of this.misses.keys()) if (!known.has(machineId)) this.misses.delete(machineId);
      for (const row of up) void this.ask(row);
    }
    if (now >= this.nextList) {
      this.nextList = now + this.core.limits.listEveryMs;
      this.life.finishReleases();
      for (const kind of this.core.options.backends.keys()) void this.observe(kind);
    }
  }

  private async ask(row: MachineRow): Promise<void> {
    const { machineId } = row;
    const guest = this.fleet.links.get(machineId);
    if (!guest || this.asking.has(machineId)) return;
    this.asking.add(machineId);
    try {
      const health = await guest.health(this.core.limits.healthTimeoutMs);
      this.misses.delete(machineId);
      if (this.core.stopped || (health.machineId === machineId && health.bootId === row.bootId)) return;
      if (this.excused(machineId)) return;
      this.lost(machineId, 'Another in-guest agent answers in its place.', 'lying');
    } catch (error) {
      if (this.core.stopped || this.fleet.links.get(machineId) !== guest || this.excused(machineId)) return;
      const misses = (this.misses.get(machineId) ?? 0) + 1;
      this.misses.set(machineId, misses);
      if (misses < this.core.limits.healthFailures) return;
      this.misses.delete(machineId);
      this.lost(machineId, `The machine hangs: ${misses} health checks in a row failed. ${wordsOf(error)}`, 'silent');
    } finally {
      this.asking.delete(machineId);
    }
  }

  /** It was stopped, or is being seen to, since it was asked. */
  private excused(machineId: string): boolean {
    const row = this.core.machines.get(machineId);
    return !row || this.fleet.quiet(row) || this.fleet.turns.busy(machineId);
  }

  /** Compares the store with what the backend has. Resolves false when the backend did not answer. */
  async observe(kind: BackendKind): Promise<boolean> {
    if (this.listing.has(kind) || this.core.stopped) return false;
    this.listing.add(kind);
    // Only what was up before the list was asked for can be missing from it.
    const before = this.core.machines.all().filter((row) => row.backend === kind);
    try {
      const seen = new Map((await this.watch.list(kind)).map((machine) => [machine.machineId, machine]));
      if (this.core.stopped) return true;
      for (const row of before) {
        if (row.state !== 'starting' && row.state !== 'ready' && row.state !== 'leased') continue;
        // Being put back, or put back since it was listed.
        const now = this.core.machines.get(row.machineId);
        if (row.restoring !== null || (now && (now.restoring !== null || now.bootId !== row.bootId))) continue;
        const machine = seen.get(row.machineId);
        if (!machine) this.lost(row.machineId, 'The machine is gone from its backend.', 'dead');
        else if (!machine.running && !machine.paused)
          this.lost(row.machineId, `The machine has ended (${machine.state}).`, 'dead');
      }
      for (const machineId of seen.keys()) {
        // A row that came after the list is not in `before` but in the store; one that went meanwhile is being ended.
        if (!this.core.machines.get(machineId) && !this.fleet.busy(machineId)) await this.reap(kind, machineId);
      }
      return true;
    } catch (error) {
      this.core.options.logger.warn({ kind, err: error }, 'a backend could not be listed');
      if (asWheelhouseError(error).code === 'backend_unreachable') void this.watch.look(kind);
      return false;
    } finally {
      this.listing.delete(kind);
    }
  }
  private async reap(kind: BackendKind, machineId: string): Promise<void> {
    const backend = this.watch.backend(kind);
    if (!backend || this.core.stopped) return;
    this.core.options.logger.warn({ kind, machineId }, 'ending a machine of ours that the store does not know');
    await this.core
      .effect('orphan', () => backend.destroy(machineId, AbortSignal.timeout(this.core.limits.destroyMs)))
      .catch((error: unknown) =>
        this.core.options.logger.warn({ machineId, err: error }, 'an orphan could not be ended'),
      );
  }
}
