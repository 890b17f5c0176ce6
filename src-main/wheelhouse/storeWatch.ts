import { statfs } from 'node:fs/promises';
import type { Attention } from '@shared/action';
import type { Bus } from '../base/bus';
import { iso, type Clock } from '../base/clock';
import type { Logger } from '../base/logger';
import type { AttentionQueue } from '../control/types';
import { probeStore, storeFault, type Database } from '../store/database';

/** Milliseconds between two looks; each is a question for free room, and a write only while the disk refuses them. */
const lookEveryMs = 2000;
/** Bytes. Below the first the next commits will fail; above the second they have room again. */
const leastFree = 256 * 1024;
const roomy = 1024 ** 2;
const itemId = 'att_store';

export interface StoreWatch {
  /** Why nothing can be recorded now, and what to do; null as a rule. */
  trouble(): string | null;
  /** The same queue, with a call about the store while there is trouble. That one is not in the store, which takes none. */
  beside<Q extends AttentionQueue>(queue: Q): Q;
  close(): void;
}

/**
 * Tells operators at once that the disk takes nothing more: no action runs that can't be recorded, and nothing in
 * Wheelhouse gets better until somebody makes room. Ends by itself when the disk takes a commit again. `onOver` is told.
 */
export function watchStore(deps: {
  db: Database;
  dataDir: string;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  onOver: () => void;
}): StoreWatch {
  const { db, dataDir, bus, clock, logger } = deps;
  let words: string | null = null;
  let item: Attention | null = null;
  let closed = false;
  let cancel: () => void = () => {};

  const announce = (next: Attention): void => bus.emit({ event: 'attention', data: next });
  const begin = (why: string): void => {
    words = `The disk of Wheelhouse’s data folder is full or fails (${why}). Nothing new is begun, because nothing can be recorded; what runs goes on. Make room on it.`;
    logger.error({ why }, 'the store takes nothing');
    item = {
      ...{ id: itemId, kind: 'machine', sessionId: null, poolId: null, urgency: 'now', deadline: null },
      ...{ state: 'waiting', answeredBy: null, answer: null, personNote: null, at: iso(clock.now()) },
      title: 'Wheelhouse can record nothing',
      why: words,
    };
    announce(item);
  };
  const end = (): void => {
    words = null;
    logger.info('the store takes what is written again');
    if (item?.state === 'waiting')
      announce({ ...item, state: 'answered', answeredBy: 'Wheelhouse', answer: 'There is room again.' });
    item = null;
    deps.onOver();
  };
  const freeBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(dataDir);
    return bavail * bsize;
  };
  async function look(): Promise<void> {
    // A folder that can't be asked is told of by the next commit.
    const free = await freeBytes().catch(() => Infinity);
    if (closed) return;
    const fault = storeFault(db);
    if (words === null) {
      if (fault) begin(fault.message);
      else if (free < leastFree) begin('no room is left');
    } else if (free >= roomy && probeStore(db, iso(clock.now()))) end();
  }
  const tick = (): void => {
    look()
      .catch((error: unknown) => logger.error({ err: error }, 'the store could not be looked at'))
      .finally(() => {
        if (!closed) cancel = clock.after(lookEveryMs, tick);
      });
  };
  tick();

  return {
    // A commit that just failed is told before the next look.
    trouble: () => words ?? storeFault(db)?.message ?? null,
    beside: (queue) => ({
      ...queue,
      list: () => (item?.state === 'waiting' ? [item, ...queue.list()] : queue.list()),
      get: (id) => (id === itemId && item ? item : queue.get(id)),
      answer(id, by, answer) {
        if (id !== itemId || !item) return queue.answer(id, by, answer);
        item = { ...item, state: 'answered', answeredBy: by, answer };
        announce(item);
        return item;
      },
    }),
    close() {
      closed = true;
      cancel();
    },
  };
}
