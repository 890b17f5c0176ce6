import type { ErrorCode } from '@shared/errors';
import { WheelhouseError } from './errors';

/**
 * Runs work under a deadline and a parent's signal. The work gets a signal that fires for both; the call itself rejects
 * then, also when the work ignores its signal (its late result is dropped, its late failure swallowed). Nothing stays
 * attached to the parent afterwards, so that a signal which lives as long as the broker gathers no listeners.
 */
export async function bounded<T>(
  what: string,
  ms: number,
  parent: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
  code: ErrorCode = 'timeout',
): Promise<T> {
  const own = new AbortController();
  let reject: (reason: unknown) => void = () => {};
  const cut = new Promise<never>((_, no) => (reject = no));
  const stop = (reason: unknown): void => {
    own.abort(reason);
    reject(reason);
  };
  const late = (): void => stop(new WheelhouseError(code, `${what} took longer than ${ms} ms.`));
  const cancelled = (): void => stop(parent?.reason);
  const timer = setTimeout(late, ms);
  timer.unref();
  parent?.addEventListener('abort', cancelled, { once: true });
  try {
    if (parent?.aborted) throw parent.reason;
    return await Promise.race([run(own.signal), cut]);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener('abort', cancelled);
    cut.catch(() => {});
  }
}
