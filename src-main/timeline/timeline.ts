import type { Action } from '@shared/action';
import type { Page } from '@shared/session';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import { actionStore } from '../store/actions';
import type { Database } from '../store/database';
import { createCropper } from './crop';
import { createFrames } from './frames';
import { createFrameJoiner } from './joiner';
import { createLedger } from './ledger';
import { toAction } from './rows';
import type { Intent, OpenAction, Timeline } from './types';
import { verifyChain } from './chain';

/** Longer questions are cut; SQLite refuses very long patterns. */
const maxQuery = 200;

export interface TimelineLimits {
  /** Bytes of pictures that are kept; the oldest go first. Default 10 GiB. */
  frameBytes?: number;
  /** Bytes of cut-out pictures kept in memory. Default 32 MiB. */
  cropCacheBytes?: number;
}

export interface TimelineDeps {
  db: Database;
  dataDir: string;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  limits?: TimelineLimits;
}

export interface TimelineService extends Timeline {
  /** The chain's end, to be noted elsewhere by whoever must be able to show that nothing was cut off. */
  head(sessionId: string): { links: number; hash: string };
  /** Bytes of the pictures that are stored. */
  frameBytes(): number;
  /** Resolves when every frame that was handed in is stored and joined to its row, or given up. */
  idle(): Promise<void>;
  /** idle, and nothing is announced later. */
  close(): Promise<void>;
}

/**
 * The record. An action's life: `begin` commits the intent (one commit, synchronous FULL) and returns; the action runs;
 * `finish` commits the outcome. Frames arrive in between or later, from the encoder; they are stored by content and
 * joined to the row in a commit of their own. Each of the three is a link of the session's chain (chain.ts).
 * If the intent can't be written nothing may run; if an outcome can't, it is owed and written before the next intent;
 * if a frame can't be stored the row stays without it and the log says so.
 */
export function createTimeline(deps: TimelineDeps): TimelineService {
  const { db, bus, clock } = deps;
  const logger = deps.logger.child({ room: 'timeline' });
  const store = actionStore(db);
  const frames = createFrames({ ...deps, logger, maxBytes: deps.limits?.frameBytes ?? 10 * 1024 ** 3 });
  const cropper = createCropper(frames.path, deps.limits?.cropCacheBytes);
  const announce = (action: Action) => bus.emit({ event: 'action', data: action });
  const ledger = createLedger({ db, store, clock, ids: deps.ids, logger });
  const joiner = createFrameJoiner({ frames, ledger, clock, logger, announce });

  function begin(intent: Intent): OpenAction {
    const started = clock.monotonic();
    const action = ledger.begin(intent);
    announce(action);
    let finished: Action | null = null;
    return {
      id: action.id,
      before: (frame) => joiner.join(action.id, 'before', frame),
      after: (frame) => joiner.join(action.id, 'after', frame),
      finish(outcome) {
        if (finished) return finished;
        finished = ledger.finish(action, outcome, clock.monotonic() - started);
        announce(finished);
        return finished;
      },
    };
  }

  return {
    begin,
    note(intent, outcome = { outcome: 'done' }, pictures = {}) {
      const action = ledger.note(intent, outcome);
      announce(action);
      if (pictures.before) joiner.join(action.id, 'before', pictures.before);
      if (pictures.after) joiner.join(action.id, 'after', pictures.after);
      return action;
    },
    list(sessionId, query): Page<Action> {
      const cursor = query.after ?? query.before;
      const descending = query.order === 'desc';
      // `before` walks against the order, and its page is turned round again
      const backwards = query.before !== undefined;
      const at = cursor === undefined ? undefined : store.get(cursor);
      if (cursor !== undefined && at?.session_id !== sessionId) {
        throw new WheelhouseError('bad_request', `No action ${cursor} in this session to page from.`);
      }
      const walkDown = descending !== backwards;
      const rows = store.list({
        sessionId,
        limit: query.limit + 1,
        descending: walkDown,
        ...(at && (walkDown ? { below: at.seq } : { above: at.seq })),
        q: query.q?.slice(0, maxQuery),
      });
      const page = rows.slice(0, query.limit).map(toAction);
      if (backwards) page.reverse();
      return {
        data: page,
        first_id: page[0]?.id ?? null,
        last_id: page.at(-1)?.id ?? null,
        has_more: rows.length > query.limit,
      };
    },
    get(id) {
      const row = store.get(id);
      if (!row) throw new WheelhouseError('not_found', `There is no action ${id}.`);
      return toAction(row);
    },
    verify: (sessionId) => verifyChain(sessionId, store.ofSession(sessionId), store.links(sessionId)),
    head: ledger.head,
    frameBytes: frames.bytes,
    frames: { put: frames.put, path: frames.path, crop: cropper.crop },
    recover() {
      for (const action of ledger.recover()) announce(action);
      frames.trim().catch((error: unknown) => logger.warn({ err: error }, 'frames could not be swept'));
    },
    idle: joiner.idle,
    async close() {
      await joiner.idle();
      joiner.close();
      ledger.close();
    },
  };
}
