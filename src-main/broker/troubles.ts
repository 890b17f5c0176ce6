import type { MachineRow } from '../store/machines';
import type { Core } from './core';
import { diskFull, reasonOf } from './trouble';

export const stoppedOutside = 'Something outside Wheelhouse stopped its processors.';

/**
 * Troubles that a session outlives for now: they are written on its machine, so that operators are told, and taken away
 * when they are over. How long a machine has been frozen is counted from when this broker first saw it so.
 */
export class Troubles {
  private readonly frozen = new Map<string, number>();

  constructor(private readonly core: Core) {}

  /** Machines that something outside has stopped under their sessions. */
  get stopped(): IterableIterator<string> {
    return this.frozen.keys();
  }
  isStopped(machineId: string): boolean {
    return this.frozen.has(machineId);
  }
  noteStopped(row: MachineRow): void {
    if (!this.frozen.has(row.machineId)) this.frozen.set(row.machineId, this.core.options.clock.monotonic());
    const seconds = Math.round(this.core.limits.frozenMs / 1000);
    this.write(row, 'frozen', `${stoppedOutside} Its session fails unless it goes on within ${seconds} s.`);
  }
  noteRuns(row: MachineRow): void {
    this.frozen.delete(row.machineId);
    this.clear(row, 'frozen');
  }
  noteDisk(row: MachineRow, full: boolean | null): void {
    if (full === true && row.trouble !== 'frozen') this.write(row, 'disk_full', diskFull);
    else if (full === false) this.clear(row, 'disk_full');
  }
  /** Sessions that waited long enough for their machine to go on, with what to tell them. Others are forgotten. */
  overdue(now: number): { sessionId: string; reason: string }[] {
    const found: { sessionId: string; reason: string }[] = [];
    for (const [machineId, since] of this.frozen) {
      const row = this.core.machines.get(machineId);
      if (row?.state !== 'leased' || row.sessionId === null) this.frozen.delete(machineId);
      else if (now - since >= this.core.limits.frozenMs) {
        const seconds = Math.round((now - since) / 1000);
        found.push({
          sessionId: row.sessionId,
          reason: `Something outside Wheelhouse stopped its machine’s processors, and it did not go on within ${seconds} s.`,
        });
      }
    }
    return found;
  }
  /** This computer slept: nobody could let anything go on meanwhile. */
  slept(now: number): void {
    for (const machineId of this.frozen.keys()) this.frozen.set(machineId, now);
  }

  private write(row: MachineRow, trouble: 'frozen' | 'disk_full', happened: string): void {
    if (row.state !== 'leased' || row.trouble === trouble) return;
    const reason = reasonOf(trouble, happened, 'session');
    this.core.options.logger.warn({ machineId: row.machineId, sessionId: row.sessionId, trouble }, happened);
    this.core.commit('trouble', () => {
      this.core.machines.setTrouble(row.machineId, trouble, reason);
      this.core.noteMachine(this.core.machine(row.machineId));
    });
  }
  private clear(row: MachineRow, trouble: 'frozen' | 'disk_full'): void {
    if (row.state !== 'leased' || row.trouble !== trouble) return;
    this.core.options.logger.info({ machineId: row.machineId, sessionId: row.sessionId, trouble }, 'trouble is over');
    this.core.commit('trouble.over', () => {
      this.core.machines.setTrouble(row.machineId, null, null);
      this.core.noteMachine(this.core.machine(row.machineId));
    });
  }
}
