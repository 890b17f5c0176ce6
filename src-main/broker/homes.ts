import type { Home } from '@shared/home';
import type { PoolSpec } from '@shared/pool';
import { iso } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { HomeContent, MachineHome } from '../sandbox/backend';
import type { HomeRow } from '../store/homes';
import type { MachineRow } from '../store/machines';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Making } from './pending';

/** Milliseconds. */
const dayMs = 86_400_000;
const mib = 1024 * 1024;

/** Whether sessions of such a pool have homes that outlive their machines. */
export const keepsHomes = ({ idle, home }: Pick<PoolSpec, 'idle' | 'home'>): boolean =>
  idle.policy === 'suspend' || home.policy === 'keep';

/** Milliseconds of counted time until a home that nobody has goes; 0 when it is over. */
export const homeLeftMs = (row: HomeRow, countedMs: number): number =>
  Math.max(0, row.expiresAfterDays * dayMs - Math.max(0, countedMs - row.usedMs));

/**
 * Homes that outlive machines. Where a pool has them, every warm machine is made with one of its own, so that a session
 * gets both in one step; a home that no session ever had goes with its machine. One session has a home at a time: the
 * store refuses a second. What is to go is written down first and removed by the keeper (`homeKeeper.ts`); a home that
 * the store does not know is never touched.
 */
export class Homes {
  /** Somebody's request waits for a machine with this home. */
  isWanted: (homeId: string) => boolean = () => false;
  onDeleting: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
  ) {}

  /** Whether a machine of this pool and image is to have a home of its own. */
  due(poolId: string, image: string): boolean {
    const spec = this.core.pools.get(poolId)?.spec;
    const backend = spec && this.watch.backend(spec.backend);
    return !!spec && !!backend?.homes && keepsHomes(spec) && backend.describe?.(image).homes !== false;
  }
  /** Inside the commit that makes a machine: its home's id, whose row stands before its disk; null when it gets none. */
  forMachine(making: Making): string | null {
    const { poolId, backend, forSession, homeId: given } = making;
    const own = forSession !== undefined && forSession !== null;
    if (!given && (own || !this.due(poolId, making.image))) return null;
    const homeId = given ?? this.core.options.ids.make('home');
    const pool = this.core.pools.get(poolId);
    if (this.core.homes.get(homeId) || !pool) return homeId;
    const { quotaMiB, expiresAfterDays } = pool.spec.home;
    this.core.homes.insert({
      ...{ homeId, poolId, backend, quotaMiB, expiresAfterDays },
      ...{ caller: null, keep: false, sessionId: null, usedMs: this.core.counted.ms, createdAt: this.core.now },
    });
    return homeId;
  }
  /** What the backend is told as it makes this machine. */
  specOf({ homeId }: MachineRow): MachineHome | undefined {
    const home = homeId === null ? undefined : this.core.homes.get(homeId);
    // A session's use leaves its time: before the first there may be no disk yet.
    return home && { homeId: home.homeId, quotaMiB: home.quotaMiB, mustExist: home.lastUsedAt !== home.createdAt };
  }
  /**
   * Inside the commit that leases a machine: its session has its home from then on. Null when the machine has none.
   * conflict when another session has it, or it is on its way out.
   */
  give(machine: MachineRow, session: { sessionId: string; caller: string }): string | null {
    const home = machine.homeId === null ? undefined : this.core.homes.get(machine.homeId);
    if (!home) return null;
    const spec = this.core.pools.get(machine.poolId)?.spec;
    const given = this.core.homes.give(home.homeId, {
      sessionId: session.sessionId,
      caller: home.caller ?? session.caller,
      keep: spec?.home.policy === 'keep',
      expiresAfterDays: spec?.home.expiresAfterDays ?? home.expiresAfterDays,
      usedMs: this.core.counted.ms,
      at: this.core.now,
    });
    if (!given) throw inUse(home);
    this.core.noteHome(home.homeId);
    return home.homeId;
  }

  list({ poolId, caller }: { poolId?: string; caller?: string } = {}): Home[] {
    const machines = this.core.machines.all();
    return this.core.homes
      .all()
      .filter((row) => row.caller !== null)
      .filter((row) => poolId === undefined || row.poolId === poolId)
      .filter((row) => caller === undefined || row.caller === caller)
      .map((row) => this.view(row, machines));
  }
  get(homeId: string): Home {
    return this.view(this.row(homeId));
  }
  /** Written when it resolves; its disk goes behind that. */
  async remove(homeId: string, by: string): Promise<void> {
    const row = this.row(homeId);
    if (row.deleting) return;
    if (row.sessionId !== null || this.isWanted(homeId)) throw inUse(row);
    this.core.commit('home.delete', () => {
      this.core.homes.setDeleting(homeId, `${by} deleted it.`);
      this.core.noteHome(homeId);
    });
    this.core.options.logger.info({ homeId, poolId: row.poolId, by }, 'home deleted');
    this.onDeleting();
  }
  async read(homeId: string, signal: AbortSignal): Promise<HomeContent> {
    const row = this.row(homeId);
    const homes = this.watch.backend(row.backend)?.homes;
    if (!homes)
      throw new WheelhouseError('not_supported', `This computer's ${row.backend} backend keeps no homes.`, { homeId });
    if (row.deleting) throw new WheelhouseError('not_found', 'This home is being deleted.', { homeId });
    return homes.read(homeId, signal);
  }

  view(row: HomeRow, machines = this.core.machines.all()): Home {
    const { sessionId, bytes, quotaMiB } = row;
    const unused = sessionId === null && !row.deleting;
    const left = homeLeftMs(row, this.core.counted.ms);
    return {
      homeId: row.homeId,
      poolId: row.poolId,
      backend: row.backend,
      caller: row.caller ?? '',
      keep: row.keep,
      state: row.deleting ? 'deleting' : sessionId === null ? 'kept' : 'attached',
      sessionId,
      machineId: machines.find((machine) => machine.homeId === row.homeId)?.machineId ?? null,
      bytes,
      quotaMiB,
      quotaEnforced: this.watch.backend(row.backend)?.homes?.enforcesQuota ?? false,
      overQuota: bytes !== null && quotaMiB > 0 && bytes > quotaMiB * mib,
      createdAt: row.createdAt,
      lastUsedAt: row.lastUsedAt,
      expiresAt: unused ? iso(this.core.options.clock.now() + left) : null,
      reason: row.reason,
    };
  }
  private row(homeId: string): HomeRow {
    const row = this.core.homes.get(homeId);
    // A warm machine's is nobody's yet.
    if (!row || row.caller === null) throw new WheelhouseError('not_found', 'There is no such home.', { homeId });
    return row;
  }
}

export function inUse({ homeId, sessionId, deleting }: HomeRow): WheelhouseError {
  const why = deleting
    ? 'is being deleted'
    : sessionId
      ? `is in use: session ${sessionId} has it, also while it is suspended. Go on in that one, or end it first`
      : 'is about to be used';
  return new WheelhouseError('conflict', `This home ${why}.`, { homeId, ...(sessionId && { sessionId }) });
}
