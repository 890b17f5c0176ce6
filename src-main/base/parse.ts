import type { z } from 'zod';
import { WheelhouseError } from './errors';

/** Input from outside, checked. bad_request with a detail for every fault. */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  const first = details[0];
  throw new WheelhouseError(
    'bad_request',
    `${what} is not valid: ${first?.path ?? ''} ${first?.message ?? ''}`.trim(),
    {
      details,
    },
  );
}
