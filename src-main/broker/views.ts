import type { ControlState } from '@shared/control';
import type { Condition, Machine, MachineCounts, Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { iso } from '../base/clock';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { SessionRow } from '../store/sessions';
import type { BackendWatch } from './backendWatch';
import type { Shortage } from './capacityWords';
import { conditionsOf, stamp } from './conditions';
import type { Core } from './core';
import type { Fleet } from './fleet';
import type { Outlook } from './forecast';
import { idleSecondsOf } from './idleness';
import type { Preparations } from './preparations';
import { isAway, isEnded } from './sessionState';
import { suspendedLeftMs } from './suspendedExpiry';

export interface Stats {
  cpuPercent: number;
  memoryBytes: number;
}

/** What the session's life adds to its row: times that are written now and then only. */
export interface ActivityView {
  lastActivityAt(sessionId: string): number | undefined;
  idleMs(sessionId: string): number;
}

/** Rows as outsiders see them: pools with what is observed, sessions with control and idleness. */
export class Views {
  private readonly conditions = new Map<string, Condition[]>();
  /** What of this computer's limits keeps a pool from machines; what is expected of its callers. */
  shortage: (poolId: string) => Shortage | null = () => null;
  outlook: (poolId: string) => Outlook | null = () => null;
  /** What an ended session is whose end is not in the store yet. */
  endedAs: (sessionId: string) => Partial<Session> | undefined = () => undefined;
  /** The place of one that waits. */
  queueOf: (sessionId: string) => NonNullable<Session['queue']> | null = () => null;

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly activity: ActivityView,
    private readonly preparations: Preparations,
  ) {}

  pool(row: PoolRow): Pool {
    const machines = this.core.machines.byPool(row.id);
    return {
      ...row.spec,
      id: row.id,
      createdAt: row.createdAt,
      observed: { machines: countsOf(machines), conditions: this.conditionsFor(row, machines) },
    };
  }
  conditionsFor(row: PoolRow, machines: readonly MachineRow[]): Condition[] {
    const { spec } = row;
    const tag = this.watch.tag(spec.backend, spec.image);
    const verdicts = conditionsOf({
      backend: spec.backend,
      supported: this.watch.backend(spec.backend) !== undefined,
      status: this.watch.status(spec.backend),
      image: spec.image,
      tag,
      imageBuilding: this.core.hooks.imageBuilding?.(spec.image) ?? false,
      preparing:
        typeof tag === 'string' && this.preparations.underWay({ backend: spec.backend, image: tag, size: spec.size }),
      isolationRequired: spec.isolationRequired,
      paused: spec.paused,
      minimum: spec.warm.minimum,
      maximum: spec.warm.maximum,
      counts: countsOf(machines),
      existing: machines.length,
      failure: this.fleet.failure(row.id),
      shortage: this.shortage(row.id)?.message ?? null,
      outlook: this.outlook(row.id),
    });
    const stamped = stamp(verdicts, this.conditions.get(row.id) ?? [], this.core.now);
    this.conditions.set(row.id, stamped);
    return stamped;
  }
  forgetPool(poolId: string): void {
    this.conditions.delete(poolId);
  }

  machine(row: MachineRow, stats: Stats | null = null): Machine {
    return {
      machineId: row.machineId,
      poolId: row.poolId,
      state: row.state,
      image: row.image,
      sessionId: row.sessionId,
      since: row.since,
      reason: row.reason,
      trouble: row.trouble,
      keptUntil: this.keptUntil(row),
      cpuPercent: stats?.cpuPercent ?? null,
      memoryBytes: stats?.memoryBytes ?? null,
    };
  }

  private keptUntil(row: MachineRow): string | null {
    if (row.state !== 'quarantined') return null;
    const { quarantinedMs } = this.core.limits;
    const { quarantine, options } = this.core;
    const left = Math.max(quarantine.keptMs(row), quarantinedMs - quarantine.ageMs(row, quarantinedMs), 0);
    return iso(Math.round((options.clock.now() + left) / 1000) * 1000);
  }

  session(row: SessionRow): Session {
    const { parametersHash: _hash, homeId, suspendedMs: _suspendedMs, savedAs: _savedAs, size: _size, ...rest } = row;
    const machine = row.machineId === null ? undefined : this.core.machines.get(row.machineId);
    const lastActivity = this.activity.lastActivityAt(row.sessionId);
    const home = homeId === null ? undefined : this.core.homes.get(homeId);
    return {
      ...rest,
      lastActivityAt: lastActivity === undefined ? row.lastActivityAt : iso(lastActivity),
      expiresAt: this.expiresAt(row),
      screen: machine ? { width: machine.size.width, height: machine.size.height } : null,
      machine: machine ? this.traits(machine) : null,
      // Of an active one it is what is about to be.
      suspendedAt: row.status === 'active' ? null : row.suspendedAt,
      frozen: machine?.frozen === true && machine.sessionId === row.sessionId,
      home: home ? { homeId: home.homeId, keep: home.keep } : null,
      queue: row.status === 'queued' ? this.queueOf(row.sessionId) : null,
      control: this.control(row),
      ...this.endedAs(row.sessionId),
    };
  }
  private traits({ backend: kind, image }: MachineRow): NonNullable<Session['machine']> {
    const backend = this.watch.backend(kind);
    const traits = backend?.describe?.(image) ?? { guestAgent: true, consoleLog: false };
    const checkpoints = backend?.checkpoints !== undefined && traits.checkpoints !== false;
    return { backend: kind, checkpoints, guestAgent: traits.guestAgent, consoleLog: traits.consoleLog };
  }
  /** When idleness would release or suspend it; of a suspended one when it ends by itself, and its home with it. */
  private expiresAt(row: SessionRow): string | null {
    if (isEnded(row.status) || row.status === 'queued') return null;
    const pool = this.core.pools.get(row.poolId);
    if (!pool) return null;
    const left = isAway(row.status)
      ? suspendedLeftMs(this.core, row)
      : idleSecondsOf(row, pool.spec) * 1000 - this.activity.idleMs(row.sessionId);
    return iso(this.core.options.clock.now() + Math.max(0, left));
  }
  private control(row: SessionRow): ControlState {
    try {
      return this.core.options.controlState(row.sessionId);
    } catch {
      // Control knows living sessions only; the shape wants an answer for the others too.
      return {
        kind: 'agent',
        holder: null,
        since: row.createdAt,
        epoch: 1,
        private: false,
        lapsesAt: null,
        lapseReason: null,
        askedBy: null,
      };
    }
  }
}

export function countsOf(machines: readonly MachineRow[]): MachineCounts {
  const counts: MachineCounts = { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 };
  for (const machine of machines) {
    // One that is being ended counts with those being reset: its place is not free yet.
    if (machine.state === 'destroying') counts.resetting += 1;
    else if (machine.state !== 'gone') counts[machine.state] += 1;
  }
  return counts;
}
