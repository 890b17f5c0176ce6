import { z } from 'zod';
import { idSchema, sessionIdSchema, timeSchema } from './ids';

/**
 * agent and operator: somebody asked. takeover: the pool's policy, as a person takes control. command: the pool's policy,
 * before the agent runs a shell command.
 */
export const checkpointCauses = ['agent', 'operator', 'takeover', 'command'] as const;

/**
 * A session's machine as it was: memory, disk and home. `saving` until all of it is on disk; `failed` says why in `reason`
 * and holds nothing. It ends with its session. `frame` is the screen at that moment, `afterActionId` the last action of
 * the timeline before it, `bytes` what it takes on disk.
 */
export const checkpointSchema = z.object({
  checkpointId: idSchema,
  sessionId: sessionIdSchema,
  name: z.string(),
  cause: z.enum(checkpointCauses),
  createdBy: z.string(),
  createdAt: timeSchema,
  state: z.enum(['saving', 'ready', 'failed']),
  reason: z.string().nullable(),
  bytes: z.int().nullable(),
  frame: z.string().nullable(),
  afterActionId: idSchema.nullable(),
});
export type Checkpoint = z.infer<typeof checkpointSchema>;
export type CheckpointCause = Checkpoint['cause'];

/** Body of POST /api/sessions/{id}/checkpoints. Without a name it is called by its time. */
export const checkpointCreateSchema = z.strictObject({ name: z.string().trim().min(1).max(80).optional() });
