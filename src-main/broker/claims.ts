import type { MachineState, PoolSpec, Size } from '@shared/pool';
import { costOf, takenBy, type Claim, type Taken } from './capacity';

/** One pool, and what is wanted of it now. */
export interface Wishes {
  poolId: string;
  size: Size;
  warm: Pick<PoolSpec['warm'], 'minimum' | 'maximum'>;
  paused: boolean;
  deleting: boolean;
  /** Callers in the queue; machines wanted for one session alone that have no place yet; more for those expected. */
  waiting: number;
  ownSizes: readonly Size[];
  ahead: number;
  /** The backend answers, has the image, and no failure asks to hold back. */
  mayCreate: boolean;
}

export interface Standing {
  state: MachineState;
  size: Size;
  forSession: string | null;
  /** Quarantined, and somebody said to keep it. */
  kept: boolean;
}

/** A pool's part in the computer, as its machines and what is wanted of it make it. */
export function claimOf(wishes: Wishes, machines: readonly Standing[]): Claim {
  const { deleting, ownSizes, size, warm: wanted } = wishes;
  const failed = machines.filter((one) => one.state === 'quarantined' && !one.kept);
  const warm = machines.filter((one) => one.forSession === null && isUp(one.state));
  const leaving = machines.filter((one) => one.state === 'resetting' || one.state === 'destroying');
  const others = new Set([...failed, ...warm, ...leaving]);
  return {
    poolId: wishes.poolId,
    // One that is larger than the pool's own has to find its place too.
    cost: ownSizes.map(costOf).reduce(larger, costOf(size)),
    held: takenBy(machines.filter((one) => !others.has(one))),
    warm: takenBy(warm),
    ready: warm.filter((one) => one.state === 'ready').length,
    failed: takenBy(failed),
    leaving: takenBy(leaving),
    waiting: deleting ? 0 : wishes.waiting + ownSizes.length,
    minimum: deleting ? 0 : wanted.minimum,
    ahead: deleting ? 0 : wishes.ahead,
    maximum: wanted.maximum,
    mayCreate: wishes.mayCreate && !wishes.paused && !deleting,
  };
}

const isUp = (state: MachineState): boolean => state === 'creating' || state === 'starting' || state === 'ready';
const larger = (a: Taken, b: Taken): Taken => ({
  machines: 1,
  memoryMiB: Math.max(a.memoryMiB, b.memoryMiB),
  cpus: Math.max(a.cpus, b.cpus),
});
