import { z } from 'zod';

/** Session ids are chosen by callers (idempotency keys) or made by the broker; the pattern is Foundry's. */
export const sessionIdSchema = z.string().regex(/^[A-Za-z0-9_-]{8,128}$/, 'must match ^[A-Za-z0-9_-]{8,128}$');

/** Ids that the broker makes for pools, machines, computers, tokens and actions. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,128}$/);

/** SHA-256 in lower-case hex: names of frames and links of the audit chain. */
export const hashSchema = z.string().regex(/^[0-9a-f]{64}$/);

/** ISO 8601 with milliseconds, UTC. */
export const timeSchema = z.iso.datetime();
