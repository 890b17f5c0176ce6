import { z } from 'zod';
import { controlSchema } from './control';
import { idSchema, sessionIdSchema, timeSchema } from './ids';
import { backendKindSchema } from './pool';

export const sessionStatuses = [
  'queued',
  'acquiring',
  'active',
  'idle',
  'releasing',
  'released',
  'failed',
  'expired',
] as const;
export const sessionStatusSchema = z.enum(sessionStatuses);
export type SessionStatus = z.infer<typeof sessionStatusSchema>;

export const labelsSchema = z.record(z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/), z.string().max(256));

/**
 * `screen` is its machine's own, in pixels, which a later change of the pool does not alter; null once it has no machine.
 * `machine` says what kind it is and what it can: checkpoints, an in-guest agent (shell, files, windows), a console log.
 * `frozen`: its processors are stopped, by whom the control state says.
 * `name` is what people call the session; `agent` is the client that drives it, as it names itself (untrusted text).
 */
export const sessionSchema = z.object({
  sessionId: sessionIdSchema,
  poolId: idSchema,
  computerId: idSchema,
  machineId: idSchema.nullable(),
  status: sessionStatusSchema,
  name: z.string(),
  agent: z.string(),
  caller: z.string(),
  createdAt: timeSchema,
  lastActivityAt: timeSchema,
  endedAt: timeSchema.nullable(),
  /** When idleness would end it; moves with every activity. Null once ended. */
  expiresAt: timeSchema.nullable(),
  /** Why it ended or failed, in words; null while it lives. */
  reason: z.string().nullable(),
  labels: labelsSchema,
  screen: z.object({ width: z.int(), height: z.int() }).nullable().optional(),
  machine: z
    .object({ backend: backendKindSchema, checkpoints: z.boolean(), guestAgent: z.boolean(), consoleLog: z.boolean() })
    .nullable()
    .optional(),
  frozen: z.boolean().optional(),
  control: controlSchema,
});
export type Session = z.infer<typeof sessionSchema>;

/** Body of POST /api/pools/{id}/sessions; everything is optional. waitMs: how long to queue (0-30000). */
export const acquireBodySchema = z.strictObject({
  name: z.string().trim().min(1).max(120).optional(),
  agent: z.string().max(120).optional(),
  labels: labelsSchema.optional(),
  waitMs: z.int().min(0).max(30_000).optional(),
});
export type AcquireBody = z.infer<typeof acquireBodySchema>;

/** Lists everywhere: limit 1-100 (20), order by creation, after or before an id; both is an error. */
export const listQuerySchema = z
  .object({
    limit: z.coerce.number().int().min(1).max(100).default(20),
    order: z.enum(['asc', 'desc']).default('asc'),
    after: z.string().max(128).optional(),
    before: z.string().max(128).optional(),
  })
  .refine((query) => !(query.after && query.before), {
    message: 'after and before exclude each other',
    path: ['after'],
  });
export type ListQuery = z.infer<typeof listQuerySchema>;

export interface Page<T> {
  data: T[];
  first_id: string | null;
  last_id: string | null;
  has_more: boolean;
}
