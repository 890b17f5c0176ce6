import { z } from 'zod';
import { idSchema, timeSchema } from './ids';

export const usageGroups = ['session', 'pool', 'caller'] as const;
export const usageGroupSchema = z.enum(usageGroups);
export type UsageGroup = z.infer<typeof usageGroupSchema>;

const momentSchema = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/** `from` inclusive and `to` exclusive, whole hours in UTC: both are rounded down. Default: the last 30 days until now. */
export const usageQuerySchema = z.strictObject({
  from: momentSchema.optional(),
  to: momentSchema.optional(),
  by: usageGroupSchema.default('session'),
  /** One pool's alone. */
  pool: idSchema.optional(),
});
export type UsageQuery = z.infer<typeof usageQuerySchema>;

/**
 * Milliseconds while the session lived, suspended or not, and Wheelhouse ran. `wallMs` is all of it; the other times are parts of
 * it that never overlap: a person held control, nobody acted (paused or frozen), its compute was put away (suspended),
 * and, outside of these, a call of the agent ran (active). What is left of `wallMs` is idle.
 */
const measured = {
  sessions: z.int(),
  calls: z.int(),
  wallMs: z.int(),
  activeMs: z.int(),
  heldMs: z.int(),
  pausedMs: z.int(),
  suspendedMs: z.int(),
  /** Of pictures the record took for it, each once; and of checkpoints that were made. Not what is still there. */
  recordBytes: z.int(),
  checkpointBytes: z.int(),
};

/** `key` is the id of the session or pool, or the caller's name; `poolId` and `caller` where the group has one. */
export const usageRowSchema = z.object({
  key: z.string(),
  name: z.string(),
  poolId: idSchema.nullable(),
  caller: z.string().nullable(),
  ...measured,
});
export type UsageRow = z.infer<typeof usageRowSchema>;

/** `truncated`: there are more groups than rows; `total` counts all of them. */
export const usageReportSchema = z.object({
  from: timeSchema,
  to: timeSchema,
  by: usageGroupSchema,
  rows: z.array(usageRowSchema),
  total: z.object(measured),
  truncated: z.boolean(),
});
export type UsageReport = z.infer<typeof usageReportSchema>;
