import { availableParallelism, totalmem } from 'node:os';
import { capacityLimitsSchema, type Capacity, type CapacityLimits } from '@shared/capacity';
import { parseInput } from '../base/parse';
import { settingsStore, type SettingsStore } from '../store/settings';
import { defaultCapacity, takenBy } from './capacity';
import type { Core } from './core';

const key = 'capacity';

/** The limits that hold on this computer, kept in the settings, and what is taken of them. */
export class CapacityBook {
  private readonly settings: SettingsStore;
  private readonly host: { memoryMiB: number; cpus: number };
  private kept: CapacityLimits | undefined;
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
    return {
      limits: this.limits(),
      defaults: this.defaults(),
      host: this.host,
      taken: takenBy(machines),
      pools: this.core.pools
        .all()
        .filter((pool) => !pool.deleting)
        .map(({ id }) => ({ poolId: id, taken: takenBy(machines.filter((row) => row.poolId === id)), share: null })),
    };
  }
  /** Holds for machines made from then on; warm ones above it leave, leased ones stay. bad_request. */
  set(limits: CapacityLimits): Capacity {
    const given = parseInput(capacityLimitsSchema, limits, 'The capacity');
    this.core.commit('capacity.set', () => this.settings.set(key, given));
    this.kept = given;
    this.onChanged();
    return this.get();
  }
}
