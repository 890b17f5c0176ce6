/** What was measured after so many cycles, with nothing under way. */
export interface Sample {
  cycles: number;
  heapMiB: number;
  rssMiB: number;
  descriptors: number;
  timers: number;
  walMiB: number;
  machines: number;
  containers: number;
  volumes: number;
}

/** How much the last third of a run may be above its first, medians compared; and what may never be passed. */
export const growth: Partial<Record<keyof Sample, number>> = {
  heapMiB: 12,
  rssMiB: 80,
  descriptors: 6,
  timers: 6,
  machines: 1,
  containers: 1,
  volumes: 1,
};
export const most: Partial<Record<keyof Sample, number>> = { walMiB: 40, machines: 3, containers: 3, volumes: 3 };

/** What is not flat, in words; empty when all is. The first sixth is warming up. Pure. */
export function judge(samples: readonly Sample[]): string[] {
  const steady = samples.slice(Math.floor(samples.length / 6));
  const third = Math.max(1, Math.floor(steady.length / 3));
  const found: string[] = [];
  for (const [name, bound] of Object.entries(growth) as [keyof Sample, number][]) {
    const first = median(steady.slice(0, third).map((sample) => sample[name]));
    const last = median(steady.slice(-third).map((sample) => sample[name]));
    if (last - first > bound) found.push(`${name} grew from ${first} to ${last}, more than ${bound}`);
  }
  for (const [name, bound] of Object.entries(most) as [keyof Sample, number][]) {
    const peak = Math.max(...samples.map((sample) => sample[name]));
    if (peak > bound) found.push(`${name} reached ${peak}, more than ${bound}`);
  }
  return found;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
