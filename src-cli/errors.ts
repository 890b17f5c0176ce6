import { errorBodySchema } from '@shared/errors';
import { WheelhouseError } from '../src-main/base/errors';

/** Exit codes: 0 done, 1 failed, 2 used wrongly. */
export class UsageError extends Error {}

/** It failed, and what there is to say was said: exit code 1 alone. */
export class SaidAlready extends Error {}

/** What went wrong, in words with its code, for standard error. */
export function explain(error: unknown): string {
  if (error instanceof WheelhouseError) return `${error.message} (${error.code})${details(error.data.details)}`;
  if (error instanceof Error) return error.message;
  return String(error);
}

function details(value: unknown): string {
  const parsed = errorBodySchema.shape.error.shape.details.safeParse(value);
  if (!parsed.success || parsed.data.length === 0) return '';
  return `\n${parsed.data.map((detail) => `  ${detail.path}: ${detail.message}`).join('\n')}`;
}
