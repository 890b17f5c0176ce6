import { UsageError } from './errors';

/** What the flag `--name` was given, as a number; undefined when it was not. */
export const number = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new UsageError(`--${name} takes a number, not "${text}".`);
  return value;
};

/** The same for two with something between, 1280x800. */
export const pair = (name: string, text: string | undefined, separator: string): [number?, number?] => {
  if (text === undefined) return [];
  const [first, second, more] = text.split(separator);
  if (first === undefined || second === undefined || more !== undefined) {
    throw new UsageError(`--${name} takes two numbers with "${separator}" between, not "${text}".`);
  }
  return [number(name, first), number(name, second)];
};

/** The same for one that can also be lifted, which is null. */
export const numberOrNone = (name: string, text: string | undefined): number | null | undefined =>
  text === 'none' ? null : number(name, text);
