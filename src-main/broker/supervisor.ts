import type { BackendKind, MachineTrouble } from '@shared/pool';
import { assertNever, asWheelhouseError } from '../base/errors';
import type { GuestClient, GuestHealth } from '../guest/types';
import type { ObservedMachine } from '../sandbox/backend';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { SessionLife } from './sessionLife';
import { diskFull, isDiskFull, lieOf, markOf, seenAs } from './trouble';
import { stoppedOutside, Troubles } from './troubles';
import { wordsOf } from './words';

/**
 * Notices what nobody told us: guests that hang, fill up or lie, machines that were stopped, died or vanished, machines
 * of ours that the store does not know (a create whose caller died before its row, or a destroy that was cut short). What
 * follows from each is in trouble.ts. A loss harms its own machine and session only.
 */
export class Supervisor {
  private readonly misses = new Map<string, number>();
  private readonly asking = new Set<string>();
  private readonly listing = new Set<BackendKind>();
  private readonly troubles: Troubles;
  private nextHealth = 0;
  private nextList = 0;
  private readonly disposers: (() => void)[] = [];

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly life: SessionLife,
  ) {
    this.troubles = new Troubles(core);
  }

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
  /** Its link can't be had again. It may have been stopped from outside, which its session outlives for a while. */
  async cutOff(machineId: string, reason: string, trouble: MachineTrouble): Promise<void> {
    if (trouble === 'silent') await this.peek(machineId);
    const row = this.core.stopped ? undefined : this.core.machines.get(machineId);
    if (!row) return;
    // It got another link, or nobody needs one any more.
    if (this.fleet.links.get(machineId) || this.fleet.links.opening(machineId)) return;
    if (this.troubles.isStopped(machineId) && row.state === 'leased')
      return this.fleet.links.reopen(machineId, this.core.limits.frozenMs, stoppedOutside);
    this.lost(machineId, reason, trouble);
  }
  private noteLost(machineId: string, reason: string, trouble: MachineTrouble): void {
    const row = this.core.machines.get(machineId);
    if (!row) return;
    // The old process ends on the way back; whoever puts the machine back knows when it is lost.
    if (row.restoring !== null) return this.core.options.logger.info({ machineId, reason }, 'ended to be put back');
    if (row.state === 'leased' && row.sessionId !== null) this.life.fail(row.sessionId, reason, trouble);
    else if (row.state === 'starting' || row.state === 'ready') {
      this.core.options.logger.warn({ machineId, poolId: row.poolId, reason, trouble }, 'a warm machine is lost');
      this.fleet.quarantine(machineId, reason, trouble);
      this.fleet.onProgress(row.poolId);
    }
  }

  /** From the broker's tick; `slept` starts the counting of silence anew. */
  tick(now: number, slept: number): void {
    if (slept > 0) {
      this.misses.clear();
      this.troubles.slept(now);
    }
    for (const { sessionId, reason } of this.troubles.overdue(now))
      this.core.guard('ending a stopped session', () => this.life.fail(sessionId, reason, 'frozen'));
    for (const machineId of this.troubles.stopped) void this.peek(machineId);
    if (now >= this.nextHealth) {
      this.nextHealth = now + this.core.limits.healthEveryMs;
      // One that is stopped can't answer: for it what its backend lists is the check.
      const up = this.core.machines
        .all()
        .filter((row) => row.state === 'ready' || row.state === 'leased')
        .filter((row) => !this.isOurs(row));
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

  private async ask({ machineId }: MachineRow): Promise<void> {
    const guest = this.fleet.links.get(machineId);
    if (!guest || this.asking.has(machineId)) return;
    this.asking.add(machineId);
    const { healthSlowMs, healthTimeoutMs, healthFailures } = this.core.limits;
    const enough = this.core.options.clock.after(healthSlowMs, () => void this.peek(machineId));
    try {
      const health = await guest.health(healthTimeoutMs);
      this.misses.delete(machineId);
      this.core.guard('looking at what a machine says', () => this.heard(machineId, guest, health));
    } catch (error) {
      if (this.core.stopped || this.fleet.links.get(machineId) !== guest || this.isExcused(machineId)) return;
      // Stopped, or dead: that is known by now, and seen to.
      if ((await this.peek(machineId)) || this.troubles.isStopped(machineId) || this.isExcused(machineId)) return;
      const misses = (this.misses.get(machineId) ?? 0) + 1;
      this.misses.set(machineId, misses);
      if (misses < healthFailures) return;
      this.misses.delete(machineId);
      this.lost(machineId, `The machine hangs: ${misses} health checks in a row failed. ${wordsOf(error)}`, 'silent');
    } finally {
      enough();
      this.asking.delete(machineId);
    }
  }
  private heard(machineId: string, guest: GuestClient, health: GuestHealth): void {
    const row = this.core.machines.get(machineId);
    if (!row || this.core.stopped || this.isOurs(row) || this.fleet.links.get(machineId) !== guest) return;
    const lie = lieOf(row, health);
    if (lie !== null) return this.lost(machineId, lie, 'lying');
    const full = isDiskFull(health);
    if (row.state !== 'leased') {
      if (full === true && row.forSession === null) this.lost(machineId, diskFull, 'disk_full');
      return;
    }
    this.troubles.noteRuns(row);
    this.troubles.noteDisk(this.core.machine(machineId), full);
    // A machine that went on from a checkpoint may have lost it, or the first try failed.
    if (health.mark === null && row.sessionId !== null) this.mark(machineId, row.sessionId);
  }
  /** In the background: a machine that somebody had must never pass for a new one. Tried again with its health. */
  mark(machineId: string, sessionId: string): void {
    const guest = this.fleet.links.get(machineId);
    if (!guest) return;
    guest.mark(markOf(sessionId)).catch((error: unknown) => {
      if (asWheelhouseError(error).code !== 'not_supported')
        this.core.options.logger.debug({ machineId, err: error }, 'a machine could not be marked yet');
    });
  }

  /** Stopped, or seen to, by us: then it need not answer. */
  private isOurs(row: MachineRow): boolean {
    return this.fleet.quiet(row) || this.fleet.turns.busy(row.machineId);
  }
  private isExcused(machineId: string): boolean {
    const row = this.core.machines.get(machineId);
    return !row || this.isOurs(row);
  }

  /** Compares the store with what the backend has. Resolves false when the backend did not answer. */
  async observe(kind: BackendKind): Promise<boolean> {
    if (this.listing.has(kind) || this.core.stopped) return false;
    this.listing.add(kind);
    // Only what was up before the list was asked for can be missing from it.
    const before = this.unexcused(this.core.machines.all().filter((row) => row.backend === kind));
    try {
      const seen = new Map((await this.watch.list(kind)).map((machine) => [machine.machineId, machine]));
      if (this.core.stopped) return true;
      for (const row of before) this.judge(row, seen.get(row.machineId));
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
  /** The same for one machine that does not answer, now. Resolves true when something followed from it. */
  async peek(machineId: string): Promise<boolean> {
    if (this.core.stopped) return false;
    const row = this.core.machines.get(machineId);
    const [before] = row ? this.unexcused([row]) : [];
    if (!before) return false;
    const seen = await this.watch.list(before.backend).catch(() => null);
    if (!seen || this.core.stopped) return false;
    return this.judge(
      before,
      seen.find((machine) => machine.machineId === machineId),
    );
  }
  /** Those of which a backend's word counts: up, and not stopped, put back or being woken by us. */
  private unexcused(rows: MachineRow[]): MachineRow[] {
    return rows.filter((row) => row.state === 'starting' || row.state === 'ready' || row.state === 'leased');
  }
  private judge(before: MachineRow, machine: ObservedMachine | undefined): boolean {
    const row = this.core.machines.get(before.machineId);
    // Put back, handed out or moved on since it was listed: the next list tells.
    if (!row || before.restoring !== null || row.restoring !== null) return false;
    if (row.state !== before.state || row.bootId !== before.bootId || row.sessionId !== before.sessionId) return false;
    const seen = seenAs(machine);
    switch (seen) {
      case 'missing':
        this.lost(row.machineId, 'The machine is gone from its backend.', 'dead');
        return true;
      case 'ended':
        this.lost(row.machineId, `The machine has ended (${machine?.state ?? 'unknown'}).`, 'dead');
        return true;
      case 'stopped':
        // A warm one of a backend that parks is woken before it is checked, whoever stopped it.
        if (this.isOurs(before) || this.isOurs(row) || (row.state !== 'leased' && this.fleet.parks(row))) return false;
        if (row.state === 'leased') this.core.guard('noting a stopped machine', () => this.troubles.noteStopped(row));
        else this.lost(row.machineId, stoppedOutside, 'frozen');
        return true;
      case 'up':
        if (row.state === 'leased') this.core.guard('noting a machine', () => this.troubles.noteRuns(row));
        return false;
      default:
        return assertNever(seen);
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
