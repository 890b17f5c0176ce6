import type { CapacityLimits } from '@shared/capacity';
import { beyond, nothing, plus, type Claim, type Taken } from './capacity';

export interface Shortage {
  /** Which limit, who has how much of it, and what to do. */
  message: string;
}

const gib = (mib: number): string => `${(mib / 1024).toFixed(1).replace(/\.0$/, '')} GiB`;
const amount = (kind: keyof Taken, value: number): string => {
  if (kind === 'memoryMiB') return `${gib(value)} of memory`;
  const count = Math.round(value * 100) / 100;
  if (kind === 'cpus') return `${count} ${count === 1 ? 'core' : 'cores'}`;
  return `${count} ${count === 1 ? 'machine' : 'machines'}`;
};
const all = ({ held, warm, failed, leaving }: Claim): Taken =>
  [held, warm, failed, leaving].reduce((sum, one) => plus(sum, one), nothing);

/** In words, why this pool gets no further machine of this computer. */
export function shortageOf(
  limits: CapacityLimits,
  claim: Claim,
  claims: readonly Claim[],
  nameOf: (poolId: string) => string,
): Shortage {
  const [alone] = beyond(limits, claim.cost);
  if (alone) {
    const limit = amount(alone, limits[alone] ?? 0);
    return {
      message: `One machine of this pool is sized ${amount(alone, claim.cost[alone])}, and all pools together may take ${limit}. Choose a smaller size, or raise the limit for this computer (Pools, “Limits…”).`,
    };
  }
  const taken = claims.map(all).reduce((sum, one) => plus(sum, one), nothing);
  const kind = beyond(limits, plus(taken, claim.cost))[0] ?? 'machines';
  const owners = claims
    .map((one) => ({ poolId: one.poolId, has: all(one)[kind] }))
    .filter(({ has }) => has > 0)
    .sort((a, b) => b.has - a.has);
  // What this pool has is never among the others.
  const own = owners.findIndex(({ poolId }) => poolId === claim.poolId);
  if (own > 2) owners.splice(2, 0, ...owners.splice(own, 1));
  const shown = owners
    .slice(0, 3)
    .map(({ poolId, has }) =>
      poolId === claim.poolId ? `this pool has ${amount(kind, has)}` : `“${nameOf(poolId)}” has ${amount(kind, has)}`,
    );
  const others = owners.slice(3).reduce((sum, { has }) => sum + has, 0);
  if (others > 0) shown.push(`others have ${amount(kind, others)}`);
  const limit = limits[kind] === null ? '' : ` of ${amount(kind, limits[kind])}`;
  return {
    message: `All pools together may not take more than this computer’s limit${limit}: ${shown.join(', ')}. End sessions, lower a pool’s minimum, or raise the limit (Pools, “Limits…”).`,
  };
}
