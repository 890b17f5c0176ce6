import type { Clock } from '../../base/clock';
import { WheelhouseError } from '../../base/errors';

/**
 * A token bucket a caller, so that one caller in a loop can't starve the others. Buckets of callers that have been
 * quiet long enough to be full again are forgotten.
 */
export function createRateLimit(options: { burst: number; perSecond: number; clock: Clock }) {
  const { burst, perSecond, clock } = options;
  const buckets = new Map<string, { level: number; at: number }>();

  const forgetFull = (now: number): void => {
    const fullAfterMs = (burst / perSecond) * 1000;
    for (const [key, bucket] of buckets) if (now - bucket.at > fullAfterMs) buckets.delete(key);
  };

  return {
    /** Takes one; too_many with retryAfterMs when the bucket is empty. */
    take(key: string): void {
      const now = clock.monotonic();
      let bucket = buckets.get(key);
      if (!bucket) {
        if (buckets.size >= 1000) forgetFull(now);
        buckets.set(key, (bucket = { level: burst, at: now }));
      }
      bucket.level = Math.min(burst, bucket.level + ((now - bucket.at) / 1000) * perSecond);
      bucket.at = now;
      if (bucket.level < 1) {
        const retryAfterMs = Math.ceil(((1 - bucket.level) / perSecond) * 1000);
        throw new WheelhouseError('too_many', 'Too many requests from this caller; slow down.', { retryAfterMs });
      }
      bucket.level -= 1;
    },
  };
}
