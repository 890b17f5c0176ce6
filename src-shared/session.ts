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
  /** Its home, where it has one beyond its machine; `keep`: it stays when the session is released. */
  home: z.object({ homeId: idSchema, keep: z.boolean() }).nullable().optional(),
  /** Its own idle time in seconds; null or absent: its pool's. */
  idleSeconds: z.int().nullable().optional(),
  /** While it is suspended (`idle`): since when. */
  suspendedAt: timeSchema.nullable().optional(),
  /** While it waits for a machine: its place among those that wait for this pool, from 1. */
  queue: z.object({ place: z.int(), waiting: z.int() }).nullable().optional(),
  control: controlSchema,
});
export type Session = z.infer<typeof sessionSchema>;

/**
 * Body of POST /api/pools/{id}/sessions; everything is optional. waitMs: how long to queue (0-30000). screen and
 * idleSeconds where the pool allows them (`acquire`), homeId where it keeps homes: the caller's own home of this pool, or
 * a new one under this id. One session at a time has a home (conflict).
 */
export const acquireBodySchema = z.strictObject({
  name: z.string().trim().min(1).max(120).optional(),
  agent: z.string().max(120).optional(),
  labels: labelsSchema.optional(),
  waitMs: z.int().min(0).max(30_000).optional(),
  screen: z.strictObject({ width: z.int().min(640).max(3840), height: z.int().min(480).max(2160) }).optional(),
  idleSeconds: z
    .int()
    .min(10)
    .max(31 * 86_400)
    .optional(),
  homeId: idSchema.optional(),
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
