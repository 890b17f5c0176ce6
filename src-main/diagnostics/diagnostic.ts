import type { Diagnostic } from '@shared/diagnostics';
import { bounded } from '../base/bounded';
import { asWheelhouseError } from '../base/errors';

/** One thing that is looked at. It may reject: then the failure is what was found. */
export interface Check {
  id: string;
  name: string;
  look(signal: AbortSignal): Promise<Omit<Diagnostic, 'id' | 'name'>>;
}

/** Milliseconds that one look may take: a hung engine must not hide the rest. */
export const lookMs = 10_000;

export async function runCheck({ id, name, look }: Check, ms = lookMs): Promise<Diagnostic> {
  try {
    return { id, name, ...(await bounded('Looking', ms, undefined, look)) };
  } catch (error) {
    return { id, name, state: 'failed', words: asWheelhouseError(error).message, fix: null };
  }
}

/** Shortcuts for what a look finds. */
export const ok = (words: string) => ({ state: 'ok' as const, words, fix: null });
export const off = (words: string, fix: string | null = null) => ({ state: 'off' as const, words, fix });
export const warning = (words: string, fix: string | null = null) => ({ state: 'warning' as const, words, fix });
export const failed = (words: string, fix: string | null = null) => ({ state: 'failed' as const, words, fix });

/** A backend's words without the command that mends it, where a command stands beside them: two that differ only confuse. Pure. */
export const withoutAdvice = (message: string, fix: string | null): string =>
  fix === null ? message : message.replace(/\s*(Start|Install) it: .*$/s, '');

/** "37 KB", "412 MB", "7.3 GB": of 1024. */
export function bytesWords(bytes: number): string {
  const mb = bytes / 1024 ** 2;
  if (mb < 1) return `${Math.ceil(bytes / 1024)} KB`;
  if (mb < 10) return `${mb.toFixed(1)} MB`;
  if (mb < 1000) return `${Math.round(mb)} MB`;
  const gb = mb / 1024;
  return gb >= 10 ? `${Math.round(gb)} GB` : `${gb.toFixed(1)} GB`;
}
