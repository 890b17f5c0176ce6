import { z } from 'zod';
import { backendKindSchema } from './pool';

/** `words` says what was found and, when not ok, what to do; `fix` is the command that mends it, when there is one. */
export const diagnosticSchema = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['ok', 'warning', 'failed', 'off']),
  words: z.string(),
  fix: z.string().nullable(),
});
export type Diagnostic = z.infer<typeof diagnosticSchema>;

/** What Wheelhouse stands on: the app, the computer, each backend with its facts, the store. */
export const diagnosticsSchema = z.object({
  at: z.string(),
  checks: z.array(diagnosticSchema),
  backends: z.array(
    z.object({
      kind: backendKindSchema,
      reachable: z.boolean(),
      version: z.string().nullable(),
      isolation: z.enum(['container', 'vm', 'emulated', 'none']),
      message: z.string(),
      /** Accelerator, image, saved desktops, how machines came up: a name and words each. */
      facts: z.array(z.object({ name: z.string(), words: z.string() })),
      machines: z.int(),
    }),
  ),
});
export type Diagnostics = z.infer<typeof diagnosticsSchema>;
