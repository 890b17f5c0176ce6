import { z } from 'zod';

/** Parameters that several tools share. Bounds are wider than any screen; the screen's own size is checked at the call. */
export const pixel = (what: string) => z.int().min(0).max(16_383).describe(what);
export const length = (what: string, most: number) => z.int().min(1).max(most).describe(what);
/** Models write "left" as often as "Left"; both mean it. */
export const button = z
  .preprocess(
    (value) => (typeof value === 'string' ? value.charAt(0).toUpperCase() + value.slice(1).toLowerCase() : value),
    z.enum(['Left', 'Right', 'Middle', 'Forward', 'Backward']),
  )
  .default('Left');
export const notches = (what: string) => z.int().min(-20).max(20).default(0).describe(what);

export const settle = z
  .boolean()
  .default(true)
  .describe('Wait until the picture is still (at most 0.4 s) before answering. Set false for speed.');
