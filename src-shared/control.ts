import { z } from 'zod';
import { idSchema, timeSchema } from './ids';

export const controlKinds = ['agent', 'requested', 'draining', 'human', 'handback', 'paused'] as const;

/**
 * Who may act on the machine.
 * holder: the operator's name; null for agent and, unless a hold lapsed into it, for paused.
 * epoch: rises with every change of hands; an action admitted under an older one is refused.
 * lapsesAt: when the hold or its grace ends without input; reason says which ('grace' after a lost viewer, 'idle').
 */
export const controlSchema = z.object({
  kind: z.enum(controlKinds),
  holder: z.string().nullable(),
  since: timeSchema,
  epoch: z.int().min(1),
  private: z.boolean(),
  lapsesAt: timeSchema.nullable(),
  lapseReason: z.enum(['grace', 'idle']).nullable(),
  /** Another operator who asks the holder for control. */
  askedBy: z.string().nullable(),
  /** Who paused it, while it is paused; absent or null: nobody did, a hold lapsed. */
  pausedBy: z.string().nullable().optional(),
  /** True while it is stopped by stop-everything, and goes on when everything does; a person's own pause stays. */
  stoppedWithAll: z.boolean().optional(),
});
export type ControlState = z.infer<typeof controlSchema>;

export const controlRequestSchema = z.strictObject({
  action: z.enum(['take', 'release', 'request', 'give', 'keep', 'pause', 'resume']),
  note: z.string().max(4000).optional(),
  to: z.string().max(60).optional(),
  /** take: also from another operator who holds (admins only). release: leave paused instead of giving to the agent. */
  force: z.boolean().optional(),
  leavePaused: z.boolean().optional(),
  private: z.boolean().optional(),
  /** Compare and set: refused with conflict unless this is still the state's epoch, so that a late request ends no newer hold. */
  epoch: z.int().min(1).optional(),
});
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** The machine was put back to a checkpoint: what lies after it is undone. `at` is the checkpoint's time. */
export const rewoundSchema = z.object({
  checkpointId: idSchema,
  name: z.string(),
  at: timeSchema,
  undoneMs: z.int(),
  undoneActions: z.int(),
});
export type Rewound = z.infer<typeof rewoundSchema>;

/** What the agent is told once, with its next answer after a hand-back. */
export const handbackSchema = z.object({
  by: z.string(),
  note: z.string(),
  heldMs: z.int(),
  at: timeSchema,
  epoch: z.int(),
  frameBefore: z.string().nullable(),
  frameAfter: z.string().nullable(),
  windowsOpened: z.array(z.string()),
  windowsClosed: z.array(z.string()),
  rewoundTo: rewoundSchema.nullable().optional(),
});
export type Handback = z.infer<typeof handbackSchema>;
