import { availableParallelism, totalmem } from 'node:os';
import { capacityLimitsSchema, type Capacity, type CapacityLimits } from '@shared/capacity';
import type { Size } from '@shared/pool';
import { parseInput } from '../base/parse';
import type { MachineRow } from '../store/machines';
import { settingsStore, type SettingsStore } from '../store/settings';
import {
  costOf,
  defaultCapacity,
  divide,
  fits,
  nothing,
  plus,
  takenBy,
  type Allotment,
  type Claim,
  type Division,
  type Taken,
} from './capacity';
import { shortageOf, type Shortage } from './capacityWords';
import type { Core } from './core';

const key = 'capacity';

/**
 * The limits that hold on this computer, kept in the settings, what is taken of them, and how they are divided between
 * pools: looked at once in every pass of the reconciler, and brought up to date by whatever is made in it.
 */
export class CapacityBook {
  private readonly settings: SettingsStore;
  private readonly host: { memoryMiB: number; cpus: number };
  private kept: CapacityLimits | undefined;
  private division: Division = { pools: new Map(), scarce: false };
  private claims: readonly Claim[] = [];
  /** All that exists, those leaving included. */
  private present: Taken = nothing;
  onChanged: () => void = () => {};

  constructor(private readonly core: Core) {
    this.settings = settingsStore(core.options.db);
    this.host = core.options.host ?? {
      memoryMiB: Math.floor(totalmem() / 1024 ** 2),
      cpus: availableParallelism(),
    };
  }
  limits(): CapacityLimits {
    this.kept ??= this.settings.get(key, capacityLimitsSchema) ?? this.defaults();
    return this.kept;
  }
  defaults(): CapacityLimits {
    return defaultCapacity(this.host);
  }

  get(): Capacity {
    const machines = this.core.machines.all();
    const { pools, scarce } = this.division;
    return {
      limits: this.limits(),
      defaults: this.defaults(),
      host: this.host,
      taken: takenBy(machines),
      pools: this.core.pools
        .all()
        .filter((pool) => !pool.deleting)
        .map(({ id }) => ({
          poolId: id,
          taken: takenBy(machines.filter((row) => row.poolId === id)),
          share: scarce ? (pools.get(id)?.share ?? null) : null,
        })),
    };
  }
  /** Holds for machines made from then on; warm ones above it leave, leased ones stay. bad_request. */
  set(limits: CapacityLimits): Capacity {
    const given = parseInput(capacityLimitsSchema, limits, 'The capacity');
    this.core.commit('capacity.set', () => this.settings.set(key, given));
    this.kept = given;
    this.divide(this.claims);
    this.onChanged();
    return this.get();
  }

  /** From the pools' picture at the beginning of a pass. */
  divide(claims: readonly Claim[]): void {
    this.claims = claims;
    this.division = divide(this.limits(), claims);
    this.present = claims.reduce(
      (all, { held, warm, failed, leaving }) => [held, warm, failed, leaving].reduce((sum, one) => plus(sum, one), all),
      nothing,
    );
  }
  allotment(poolId: string): Allotment | undefined {
    return this.division.pools.get(poolId);
  }
  /** A machine's row was written: it takes its place from now on. */
  made({ poolId, size }: Pick<MachineRow, 'poolId' | 'size'>): void {
    this.present = plus(this.present, costOf(size));
    const allotment = this.allotment(poolId);
    if (allotment) allotment.room -= 1;
  }
  /** Whether this pool may make one machine of this size now. */
  admits(poolId: string, size: Size): boolean {
    const room = this.allotment(poolId)?.room ?? 0;
    return room > 0 && fits(this.limits(), plus(this.present, costOf(size)));
  }
  /** What of this computer's limits keeps a pool from what it wants; null when they don't. */
  shortage(poolId: string): Shortage | null {
    const claim = this.claims.find((one) => one.poolId === poolId);
    if (!claim || !this.allotment(poolId)?.short) return null;
    const nameOf = (id: string): string => this.core.pools.get(id)?.spec.displayName ?? id;
    return shortageOf(this.limits(), claim, this.claims, nameOf);
  }
}
