import type { Capacity, CapacityLimits } from '@shared/capacity';
import type { Settings } from '@shared/settings';
import type { Pool } from '@shared/pool';
import type { Handlers, MockWorld } from './mockCheckpoints';
import { pools } from './mockPools';

const defaults: CapacityLimits = { machines: 24, memoryMiB: 52_428, cpus: 64 };
let limits = defaults;

const taken = ({ observed, size }: Pool) => {
  const machines = Object.values(observed.machines).reduce((sum, n) => sum + n, 0);
  return { machines, memoryMiB: machines * size.memoryMiB, cpus: machines * size.cpus };
};

function capacity(): Capacity {
  const each = pools.map((pool) => ({
    poolId: pool.id,
    taken: taken(pool),
    share: pool.id === 'night-shift' ? 4 : 15,
  }));
  const sum = (of: 'machines' | 'memoryMiB' | 'cpus') => each.reduce((total, pool) => total + pool.taken[of], 0);
  const all = { machines: sum('machines'), memoryMiB: sum('memoryMiB'), cpus: sum('cpus') };
  const scarce = limits.machines !== null && all.machines >= limits.machines;
  return {
    limits,
    defaults,
    host: { memoryMiB: 65_536, cpus: 32 },
    taken: all,
    pools: each.map((pool) => ({ ...pool, share: scarce ? pool.share : null })),
  };
}

/** What all pools may take, and the breaker of one pool, as development's main process has them. */
let settings: Settings = { onStop: null };

export const capacityHandlers = ({ push }: MockWorld) =>
  ({
    'settings.get': () => settings,
    'settings.change': (patch) => (settings = { ...settings, ...patch }),
    'capacity.get': () => capacity(),
    'capacity.set': (next) => {
      limits = next;
      return capacity();
    },
    'pools.retry': ({ id }) => {
      const pool = pools.find((each) => each.id === id) as Pool;
      pool.observed = {
        ...pool.observed,
        conditions: pool.observed.conditions.map((each) =>
          each.reason === 'CreateFailed'
            ? { ...each, status: 'True', reason: 'Healthy', message: 'Docker 27.3 answers.' }
            : each,
        ),
      };
      push('event', { event: 'pool', data: { ...pool } });
      return { ...pool };
    },
  }) satisfies Partial<Handlers>;
