import { WheelhouseError } from '../base/errors';

/**
 * Splits one string into arguments at spaces, as people write them: double and single quotes group, a backslash takes
 * the next character as it is (not inside single quotes). Nothing else of a shell. bad_request for an open quote.
 */
export function splitArguments(text: string): string[] {
  const out: string[] = [];
  let current: string | null = null;
  let quote: '"' | "'" | null = null;
  let escaped = false;
  for (const character of text) {
    if (escaped) {
      current = (current ?? '') + character;
      escaped = false;
    } else if (character === '\\' && quote !== "'") {
      escaped = true;
    } else if (quote) {
      if (character === quote) quote = null;
      else current = (current ?? '') + character;
    } else if (character === '"' || character === "'") {
      quote = character;
      current ??= '';
    } else if (/\s/.test(character)) {
      if (current !== null) out.push(current);
      current = null;
    } else {
      current = (current ?? '') + character;
    }
  }
  if (escaped) current = `${current ?? ''}\\`;
  if (quote) throw new WheelhouseError('bad_request', `args has an open ${quote}. Close it, or give args as a list.`);
  if (current !== null) out.push(current);
  return out;
}
