import { z } from 'zod';

/**
 * Every code an outsider can meet, with the HTTP status it travels under. Codes are stable; messages are for people.
 */
export const errorStatus = {
  bad_request: 400,
  unsupported_protocol: 400,
  unauthorized: 401,
  forbidden: 403,
  origin_refused: 403,
  host_refused: 403,
  not_found: 404,
  session_gone: 404,
  method_not_allowed: 405,
  conflict: 409,
  key_reused: 409,
  control_held: 409,
  control_paused: 409,
  stale_epoch: 409,
  pool_paused: 409,
  too_large: 413,
  unsupported_media: 415,
  too_many: 429,
  queue_full: 429,
  session_limit: 429,
  acquire_timeout: 429,
  internal: 500,
  not_supported: 501,
  guest_failed: 502,
  not_ready: 503,
  backend_unreachable: 503,
  image_missing: 503,
  not_recorded: 503,
  guest_timeout: 504,
  timeout: 504,
} as const;

export type ErrorCode = keyof typeof errorStatus;
export const errorCodes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]];

/** The body of every failed HTTP answer, and what crosses IPC when a call fails. */
export const errorBodySchema = z.object({
  error: z.object({
    code: z.enum(errorCodes),
    message: z.string(),
    type: z.string(),
    details: z.array(z.object({ path: z.string(), message: z.string() })),
    additionalInfo: z.record(z.string(), z.unknown()),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
