import type { CapacityLimits } from '@shared/capacity';
import type { Size } from '@shared/pool';

/** What machines take of this computer: how many they are, and what their sizes say. */
export interface Taken {
  machines: number;
  memoryMiB: number;
  cpus: number;
}

export const nothing: Taken = { machines: 0, memoryMiB: 0, cpus: 0 };

export const plus = (a: Taken, b: Taken, times = 1): Taken => ({
  machines: a.machines + times * b.machines,
  memoryMiB: a.memoryMiB + times * b.memoryMiB,
  cpus: a.cpus + times * b.cpus,
});

/** What one machine of this size takes. */
export const costOf = ({ memoryMiB, cpus }: Pick<Size, 'memoryMiB' | 'cpus'>): Taken => ({
  machines: 1,
  memoryMiB,
  cpus,
});

export const takenBy = (machines: readonly { size: Size }[]): Taken =>
  machines.reduce((sum, { size }) => plus(sum, costOf(size)), nothing);

/**
 * What holds while nobody set anything. A machine's size is a cap, not a reservation: a desktop at rest uses a fraction
 * of its memory and hardly any processor time, so that adding up caps to the computer's own memory would leave most of it
 * unused. Twice the memory (MiB) still ends before desktops that all fill up would; processors are shared by the kernel
 * fairly and only get slower, so that they have no limit; a hundred machines is what one broker is measured with.
 */
export const defaultCapacity = (host: { memoryMiB: number }): CapacityLimits => ({
  machines: 100,
  memoryMiB: Math.max(256, 2 * host.memoryMiB),
  cpus: null,
});
