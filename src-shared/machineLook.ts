import { z } from 'zod';
import { hashSchema, timeSchema } from './ids';
import { machineSchema } from './pool';

/** What can be seen of a machine, above all of one that failed. `state`: as its backend says it, null when it can't be asked. */
export const machineLookSchema = z.object({
  machine: machineSchema,
  state: z.string().nullable(),
  /** The session that had it last; null when none did. */
  lastSessionId: z.string().nullable(),
  /** Its last picture on record. */
  frame: hashSchema.nullable(),
  frameAt: timeSchema.nullable(),
  console: z.array(z.string()),
  consoleError: z.string().nullable(),
  /** Commands can be run in it now. */
  canRun: z.boolean(),
});
export type MachineLook = z.infer<typeof machineLookSchema>;

export const machineCommandSchema = z.strictObject({ command: z.string().min(1).max(4096) });

/** Both streams in one, cut at 64 KiB. */
export const machineRunSchema = z.object({
  output: z.string(),
  exitCode: z.int().nullable(),
  truncated: z.boolean(),
  durationMs: z.number(),
});
export type MachineRun = z.infer<typeof machineRunSchema>;
