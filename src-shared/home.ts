import { z } from 'zod';
import { idSchema, sessionIdSchema, timeSchema } from './ids';
import { backendKindSchema } from './pool';

/** attached: a session has it, running or suspended. kept: nobody has it. deleting: on its way out. */
export const homeStateSchema = z.enum(['attached', 'kept', 'deleting']);

/**
 * A session's `$HOME` beyond its machines, as people see it. `caller`: the token's name that may acquire with it.
 * `keep` false: it goes when its session ends. `expiresAt` of one that nobody uses: when it goes by itself.
 * `quotaEnforced` false: its use is measured, and `overQuota` says so, but nothing stops it.
 */
export const homeSchema = z.object({
  homeId: idSchema,
  poolId: idSchema,
  backend: backendKindSchema,
  caller: z.string(),
  keep: z.boolean(),
  state: homeStateSchema,
  sessionId: sessionIdSchema.nullable(),
  machineId: idSchema.nullable(),
  /** Null while not measured. */
  bytes: z.number().nullable(),
  quotaMiB: z.int(),
  quotaEnforced: z.boolean(),
  overQuota: z.boolean(),
  createdAt: timeSchema,
  lastUsedAt: timeSchema,
  expiresAt: timeSchema.nullable(),
  reason: z.string().nullable(),
});
export type Home = z.infer<typeof homeSchema>;
