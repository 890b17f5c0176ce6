import type { Capacity, CapacityLimits } from '@shared/capacity';
import { memoryWords } from './model';

export interface Meter {
  key: 'machines' | 'memoryMiB' | 'cpus';
  name: string;
  /** "16 of 24", "38 GB, no limit". */
  words: string;
  /** Parts of the limit from 0 to 1: this pool's own, and the others'; null without a limit, of which nothing is a part. */
  parts: { mine: number; others: number } | null;
  full: boolean;
}

const number = (value: number) => String(Number(value.toFixed(2)));
const amount: Record<Meter['key'], (value: number) => string> = {
  machines: number,
  memoryMiB: memoryWords,
  cpus: number,
};
const names: Record<Meter['key'], string> = { machines: 'Machines', memoryMiB: 'Memory', cpus: 'Processors' };
export const meterKeys = ['machines', 'memoryMiB', 'cpus'] as const;

/** What is taken of each limit. `poolId`: whose part stands out. */
export function meters(capacity: Capacity, poolId: string | null): Meter[] {
  const mine = capacity.pools.find((each) => each.poolId === poolId)?.taken;
  return meterKeys.map((key) => {
    const limit = capacity.limits[key];
    const taken = capacity.taken[key];
    const part = (value: number) => Math.min(1, value / (limit ?? 1));
    const own = part(mine?.[key] ?? 0);
    return {
      key,
      name: names[key],
      words: limit === null ? `${amount[key](taken)}, no limit` : `${amount[key](taken)} of ${amount[key](limit)}`,
      parts: limit === null ? null : { mine: own, others: Math.min(1 - own, part(taken - (mine?.[key] ?? 0))) },
      full: limit !== null && taken >= limit,
    };
  });
}

/** "Its share is 4 machines while others want theirs"; null while nothing is scarce. */
export function shareWords(capacity: Capacity | undefined, poolId: string): string | null {
  const pool = capacity?.pools.find((each) => each.poolId === poolId);
  if (!pool || pool.share === null) return null;
  return pool.taken.machines > pool.share
    ? `${pool.taken.machines - pool.share} above its share of ${pool.share}`
    : `its share is ${pool.share}`;
}

/** Limits as typed; empty: no limit. Memory in GB. */
export type LimitForm = Record<Meter['key'], string>;

export const limitForm = (limits: CapacityLimits): LimitForm => ({
  machines: limits.machines === null ? '' : String(limits.machines),
  memoryMiB: limits.memoryMiB === null ? '' : number(limits.memoryMiB / 1024),
  cpus: limits.cpus === null ? '' : number(limits.cpus),
});

export const limitsOf = (form: LimitForm): CapacityLimits => ({
  machines: form.machines.trim() === '' ? null : Number(form.machines),
  memoryMiB: form.memoryMiB.trim() === '' ? null : Math.round(Number(form.memoryMiB) * 1024),
  cpus: form.cpus.trim() === '' ? null : Number(form.cpus),
});

function fault(text: string, low: number, high: number, whole: boolean): string | undefined {
  if (text.trim() === '') return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return 'A number is needed, or nothing for no limit';
  if (whole && !Number.isInteger(value)) return 'A whole number is needed';
  if (value < low) return `At least ${low}`;
  return value > high ? `At most ${high}` : undefined;
}

/** The contract's bounds (src-shared/capacity.ts), in words while one types. */
export function checkLimits(form: LimitForm): Partial<LimitForm> {
  const errors = {
    machines: fault(form.machines, 1, 1000, true),
    memoryMiB: fault(form.memoryMiB, 0.25, Number.MAX_SAFE_INTEGER, false),
    cpus: fault(form.cpus, 0.25, Number.MAX_SAFE_INTEGER, false),
  };
  return Object.fromEntries(Object.entries(errors).filter(([, words]) => words !== undefined));
}

/** What limits as typed mean for what is there and for what the computer has; null when there is nothing to say. */
export function limitWords(key: Meter['key'], form: LimitForm, capacity: Capacity): string | null {
  if (checkLimits(form)[key] !== undefined) return null;
  const limit = limitsOf(form)[key];
  if (limit === null)
    return key === 'machines' ? 'Pools stop at their own' : `This computer has ${amount[key](capacity.host[key])}`;
  if (limit < capacity.taken[key])
    return `${amount[key](capacity.taken[key])} are taken: sessions go on, and nothing is made until it is below`;
  if (key !== 'machines' && limit > capacity.host[key])
    return `This computer has ${amount[key](capacity.host[key])}: more is promised than there is`;
  return key === 'machines' ? null : `This computer has ${amount[key](capacity.host[key])}`;
}
