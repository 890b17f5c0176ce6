import { isSecretName, masked, maskText } from './mask';

const shortest = 6;
const maxSecrets = 64;
const maxLook = 16_384;

/** The parts of the arguments that masking takes out: what must not come back in a sentence made from them. */
export function secretsIn(args: Record<string, unknown>): string[] {
  const found = new Set<string>();
  const add = (text: string): void => {
    if (text.length >= shortest && found.size < maxSecrets) found.add(text);
  };
  const visit = (value: unknown, named: boolean, depth: number): void => {
    if (found.size >= maxSecrets || depth > 12) return;
    if (typeof value === 'string') {
      const text = value.slice(0, maxLook);
      if (named) {
        for (const word of text.split(/\s+/)) add(word);
        return;
      }
      const kept = maskText(text);
      if (kept === text) return;
      for (const word of text.split(/[\s"'=&?:/@]+/)) if (!kept.includes(word)) add(word);
    } else if (Array.isArray(value)) for (const item of value.slice(0, 100)) visit(item, named, depth + 1);
    else if (value && typeof value === 'object') {
      for (const [name, member] of Object.entries(value)) visit(member, named || isSecretName(name), depth + 1);
    }
  };
  visit(args, false, 0);
  return [...found].sort((a, b) => b.length - a.length);
}

/**
 * A sentence without its secrets. Whoever composed it may have shortened an argument first, and half a key is not known
 * by its look: so the beginnings of the arguments' own secrets go as well.
 */
export function maskWords(words: string, secrets: readonly string[]): string {
  let result = maskText(words);
  for (const secret of secrets) {
    const start = result.indexOf(secret.slice(0, shortest));
    if (start < 0) continue;
    let length = shortest;
    while (length < secret.length && result[start + length] === secret[length]) length += 1;
    result = `${result.slice(0, start)}${masked}${result.slice(start + length)}`;
  }
  return result;
}
