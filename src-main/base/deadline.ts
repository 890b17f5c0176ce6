import type { ErrorCode } from '@shared/errors';
import { WheelhouseError } from './errors';

/** Rejects with `code` when `promise` has not settled after `ms`. The work itself must watch its own signal. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
  code: ErrorCode = 'timeout',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new WheelhouseError(code, `${what} took longer than ${ms} ms.`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A pause that ends early, with the signal's reason, when aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
