import { z } from 'zod';
import { hashSchema, idSchema, sessionIdSchema, timeSchema } from './ids';

export const actorSchema = z.object({ kind: z.enum(['agent', 'human', 'broker']), name: z.string().max(120) });
export type Actor = z.infer<typeof actorSchema>;

export const outcomes = ['pending', 'done', 'failed', 'refused'] as const;

/**
 * One row of the timeline. `words` is the sentence people read, with the target between ** marks; `arguments` are
 * already masked. `hash` covers the intent and the previous hash, `outcomeHash` the outcome; both are links of one chain.
 */
export const actionSchema = z.object({
  id: idSchema,
  sessionId: sessionIdSchema,
  at: timeSchema,
  actor: actorSchema,
  epoch: z.int(),
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  words: z.string(),
  outcome: z.enum(outcomes),
  /** An error code when failed or refused; also short facts such as "exit 0". */
  code: z.string().nullable(),
  message: z.string().nullable(),
  durationMs: z.number().nullable(),
  point: z.object({ x: z.int(), y: z.int() }).nullable(),
  frameBefore: hashSchema.nullable(),
  frameAfter: hashSchema.nullable(),
  previousHash: hashSchema,
  hash: hashSchema,
  outcomeHash: hashSchema.nullable(),
});
export type Action = z.infer<typeof actionSchema>;

/** A call for help, or another thing that waits for a person. */
export const attentionSchema = z.object({
  id: idSchema,
  kind: z.enum(['help', 'machine', 'hold']),
  sessionId: sessionIdSchema.nullable(),
  poolId: idSchema.nullable(),
  title: z.string(),
  why: z.string(),
  urgency: z.enum(['now', 'soon', 'later']),
  at: timeSchema,
  deadline: timeSchema.nullable(),
  state: z.enum(['waiting', 'taken', 'answered', 'expired', 'withdrawn']),
  answeredBy: z.string().nullable(),
  answer: z.string().nullable(),
  /** What only a person may see, shown in the app and never in the guest or to the agent (the demo's code). */
  personNote: z.string().nullable(),
});
export type Attention = z.infer<typeof attentionSchema>;
