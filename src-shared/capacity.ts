import { z } from 'zod';
import { idSchema } from './ids';

/** What all pools together may take; null: no limit. Memory and CPU count as their machines' sizes say, used or not. */
export const capacityLimitsSchema = z.strictObject({
  machines: z.int().min(1).max(1000).nullable(),
  memoryMiB: z.int().min(256).nullable(),
  cpus: z.number().min(0.25).nullable(),
});
export type CapacityLimits = z.infer<typeof capacityLimitsSchema>;

const takenSchema = z.object({ machines: z.int(), memoryMiB: z.number(), cpus: z.number() });

/** `share`: the machines that this pool may have while others want theirs too; null while nothing is scarce. */
export const capacitySchema = z.object({
  limits: capacityLimitsSchema,
  /** What the limits are when nobody set any. */
  defaults: capacityLimitsSchema,
  host: z.object({ memoryMiB: z.number(), cpus: z.number() }),
  taken: takenSchema,
  pools: z.array(z.object({ poolId: idSchema, taken: takenSchema, share: z.int().nullable() })),
});
export type Capacity = z.infer<typeof capacitySchema>;
