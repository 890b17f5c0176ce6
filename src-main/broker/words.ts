import { WheelhouseError } from '../base/errors';
import { oneLine } from '../base/text';

/** Why something failed, for an operator: also what is not one of our errors keeps its own words. At most 500 characters. */
export function wordsOf(error: unknown): string {
  if (error instanceof WheelhouseError && error.code !== 'internal') return oneLine(error.message).slice(0, 500);
  const cause = error instanceof WheelhouseError ? (error.cause ?? error) : error;
  const words = cause instanceof Error ? cause.message : String(cause);
  return oneLine(`Something failed inside Wheelhouse: ${words}`).slice(0, 500);
}

/** Why a session that nobody used has ended; whoever meets it later tells it from a stop by this beginning. */
export const idledOut = 'Nothing happened for';
