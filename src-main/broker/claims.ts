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
  const { ownSizes, size, warm: wanted } = wishes;
  // Nobody gets anything of it: what it has may go to others' callers, and stays where nobody needs the place.
  const idle = wishes.deleting || wishes.paused;
  const failed = machines.filter((one) => one.state === 'quarantined' && !one.kept);
  const warm = machines.filter((one) => one.forSession === null && isUp(one.state));
  const leaving = machines.filter((one) => one.state === 'resetting' || one.state === 'destroying');
  const others = new Set([...failed, ...warm, ...leaving]);
  const able = wishes.mayCreate && !idle;
  // Where none can be made, what is there is all that is wanted. Machines for one session are another matter: they come
  // from a checkpoint or a home, and a suspended session of a paused pool comes back.
  const callers = idle ? 0 : able ? wishes.waiting : Math.min(wishes.waiting, warm.length);
  const minimum = idle ? 0 : able ? wanted.minimum : Math.min(wanted.minimum, warm.length - callers);
  return {
    poolId: wishes.poolId,
    // One that is larger than the pool's own has to find its place too.
    cost: ownSizes.map(costOf).reduce(larger, costOf(size)),
    held: takenBy(machines.filter((one) => !others.has(one))),
    warm: takenBy(warm),
    ready: warm.filter((one) => one.state === 'ready').length,
    failed: takenBy(failed),
    leaving: takenBy(leaving),
    own: ownSizes.length,
    waiting: callers,
    minimum,
    ahead: able ? wishes.ahead : 0,
    maximum: wanted.maximum,
    mayCreate: able || ownSizes.length > 0,
  };
}

const isUp = (state: MachineState): boolean => state === 'creating' || state === 'starting' || state === 'ready';
const larger = (a: Taken, b: Taken): Taken => ({
  machines: 1,
  memoryMiB: Math.max(a.memoryMiB, b.memoryMiB),
  cpus: Math.max(a.cpus, b.cpus),
});
