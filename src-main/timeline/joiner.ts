import type { Action } from '@shared/action';
import type { Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import type { FrameFiles } from './frames';
import type { Ledger } from './ledger';
import type { PendingFrame } from './types';

const joinAfterMs = 100;
const maxPending = 256;

/**
 * Brings encoded pictures to their rows. What arrives within 100 ms is joined in one commit and each row is announced
 * once. A picture that can't be had or stored leaves its row without one and a warning; the action is not touched.
 */
export function createFrameJoiner(deps: {
  frames: FrameFiles;
  ledger: Ledger;
  clock: Clock;
  logger: Logger;
  announce(action: Action): void;
}) {
  const stored = new WeakMap<Promise<Buffer>, Promise<string>>();
  const pending = new Set<Promise<void>>();
  let batch: { id: string; side: 'before' | 'after'; hash: string }[] = [];
  let cancel: (() => void) | null = null;
  let closed = false;

  function flush(): void {
    cancel?.();
    cancel = null;
    const joined = batch;
    batch = [];
    if (joined.length === 0) return;
    try {
      const rows = deps.frames.record(() => deps.ledger.joinFrames(joined));
      for (const action of rows) deps.announce(action);
    } catch (error) {
      deps.logger.warn({ err: error, frames: joined.length }, 'frames could not be joined to their rows');
    }
  }

  /** Equal versions of the hub come as the same promise: hashed and written once. */
  function store(frame: PendingFrame): Promise<string> {
    let hash = stored.get(frame.png);
    if (!hash) {
      hash = frame.png.then((png) => deps.frames.put(png));
      stored.set(frame.png, hash);
    }
    return hash;
  }

  return {
    join(id: string, side: 'before' | 'after', frame: PendingFrame): void {
      const hash = store(frame);
      if (closed || pending.size >= maxPending) {
        hash.catch(() => {});
        deps.logger.warn({ action: id, side }, 'a frame was left out: too many wait to be stored');
        return;
      }
      const work = hash
        .then((value) => {
          batch.push({ id, side, hash: value });
          cancel ??= deps.clock.after(joinAfterMs, flush);
        })
        .catch((error: unknown) => deps.logger.warn({ err: error, action: id, side }, 'a frame could not be stored'))
        .finally(() => pending.delete(work));
      pending.add(work);
    },
    async idle(): Promise<void> {
      while (pending.size > 0) await Promise.allSettled(pending);
      flush();
      await deps.frames.idle();
    },
    close(): void {
      closed = true;
      flush();
    },
  };
}
