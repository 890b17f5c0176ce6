import type { Attention } from '@shared/action';
import type { Bus } from '../base/bus';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import { attentionStore, type StoredAttention } from '../store/attention';
import type { Database } from '../store/database';
import type { AttentionQueue } from './types';

export interface AttentionDeps {
  db: Database;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
}

export interface AttentionService extends AttentionQueue {
  abandoned(sessionId: string): void;
  /** Stops the clocks; what waits stays in the store. */
  close(): void;
}

/** Longest a timer may run; a deadline further off is looked at again then. */
const maxTimerMs = 2 ** 31 - 1;
const maxTitle = 200;
const maxText = 4000;

/**
 * Calls for a person: `waiting → taken → answered`, or `expired` at the deadline, or `withdrawn` when the session ends.
 * Nobody there is an answer too. Taken ones do not expire, because somebody is at it; left without an answer they wait
 * again. The note for persons lives in this process's memory only and is added where persons look (`list`, the bus),
 * never to what `ask`, `get`, `answer` and `wait` give, which is what agents are told.
 */
export function createAttention(deps: AttentionDeps): AttentionService {
  const { clock } = deps;
  const store = attentionStore(deps.db);
  const notes = new Map<string, string>();
  const clocks = new Map<string, () => void>();
  /** When each one's time is up on the clock that never jumps; what is before this start is read off the wall clock. */
  const due = new Map<string, number>();
  const waiters = new Map<string, Set<() => void>>();
  const isOpen = (item: StoredAttention): boolean => item.state === 'waiting' || item.state === 'taken';

  const forPersons = (item: StoredAttention): Attention => ({
    ...item,
    personNote: (isOpen(item) && item.sessionId !== null && notes.get(item.sessionId)) || null,
  });
  const forAgents = (item: StoredAttention): Attention => ({ ...item, personNote: null });
  const announce = (item: StoredAttention) => deps.bus.emit({ event: 'attention', data: forPersons(item) });

  function load(id: string): StoredAttention {
    const item = store.get(id);
    if (!item) throw new WheelhouseError('not_found', 'There is no such call for a person.');
    return item;
  }

  function change(item: StoredAttention, over: Partial<StoredAttention>): StoredAttention {
    const next = { ...item, ...over };
    store.update(next);
    if (next.state !== 'waiting') disarm(next.id);
    else arm(next);
    announce(next);
    if (!isOpen(next)) {
      due.delete(next.id);
      for (const wake of [...(waiters.get(next.id) ?? [])]) wake();
    }
    return next;
  }

  function disarm(id: string): void {
    clocks.get(id)?.();
    clocks.delete(id);
  }

  function arm(item: StoredAttention): void {
    disarm(item.id);
    if (item.deadline === null) return;
    const deadline = Date.parse(item.deadline);
    const whole = deadline - Date.parse(item.at);
    const now = clock.monotonic();
    const at = due.get(item.id) ?? now + Math.min(whole, Math.max(0, deadline - clock.now()));
    due.set(item.id, at);
    const left = at - now;
    const stop = clock.after(Math.min(Math.max(0, left), maxTimerMs), () => {
      const found = store.get(item.id);
      if (found?.state !== 'waiting') return;
      if (left > maxTimerMs) arm(found);
      else guarded(() => change(found, { state: 'expired' }));
    });
    clocks.set(item.id, stop);
  }

  function guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      deps.logger.error({ err: error, room: 'attention' }, 'a call for a person could not be changed');
    }
  }

  const ofSession = (sessionId: string, ...states: Attention['state'][]): StoredAttention[] =>
    store.open().filter((item) => item.sessionId === sessionId && states.includes(item.state));

  for (const item of store.open()) if (item.state === 'waiting') arm(item);

  return {
    list: () => store.open().map(forPersons),
    get: (id) => forAgents(load(id)),
    ask(request) {
      if (request.deadlineMs !== null && !(request.deadlineMs > 0)) {
        throw new WheelhouseError('bad_request', 'The deadline must lie ahead.');
      }
      const now = clock.now();
      const item: StoredAttention = {
        id: deps.ids.make('att'),
        kind: request.kind,
        sessionId: request.sessionId,
        poolId: request.poolId,
        title: request.title.slice(0, maxTitle),
        why: request.why.slice(0, maxText),
        urgency: request.urgency,
        at: iso(now),
        deadline: request.deadlineMs === null ? null : iso(now + request.deadlineMs),
        state: 'waiting',
        answeredBy: null,
        answer: null,
      };
      store.insert(item);
      arm(item);
      announce(item);
      return forAgents(item);
    },
    taken(sessionId, by) {
      for (const item of ofSession(sessionId, 'waiting')) change(item, { state: 'taken', answeredBy: by });
    },
    answer(id, by, answer) {
      const item = load(id);
      if (!isOpen(item)) {
        throw new WheelhouseError('conflict', `This call is ${item.state} already.`, {
          state: item.state,
          holder: item.answeredBy,
        });
      }
      return forAgents(change(item, { state: 'answered', answeredBy: by, answer: answer.slice(0, maxText) }));
    },
    answeredBySession(sessionId, by, note) {
      for (const item of ofSession(sessionId, 'taken')) {
        change(item, { state: 'answered', answeredBy: by, answer: note.slice(0, maxText) });
      }
    },
    abandoned(sessionId) {
      for (const item of ofSession(sessionId, 'taken')) change(item, { state: 'waiting', answeredBy: null });
    },
    withdraw(sessionId) {
      notes.delete(sessionId);
      for (const item of ofSession(sessionId, 'waiting', 'taken')) change(item, { state: 'withdrawn' });
    },
    setPersonNote(sessionId, note) {
      if (note) notes.set(sessionId, note);
      else notes.delete(sessionId);
      for (const item of ofSession(sessionId, 'waiting', 'taken')) announce(item);
    },
    async wait(id, timeoutMs, signal) {
      if (isOpen(load(id))) {
        signal.throwIfAborted();
        await new Promise<void>((resolve, reject) => {
          const list = waiters.get(id) ?? new Set();
          waiters.set(id, list);
          const tidy = (): void => {
            list.delete(end);
            if (list.size === 0 && waiters.get(id) === list) waiters.delete(id);
            stop();
            signal.removeEventListener('abort', aborted);
          };
          const end = (): void => {
            tidy();
            resolve();
          };
          const aborted = () => {
            tidy();
            reject(signal.reason);
          };
          const stop = clock.after(timeoutMs, end);
          signal.addEventListener('abort', aborted, { once: true });
          list.add(end);
        });
      }
      return forAgents(load(id));
    },
    close() {
      for (const stop of clocks.values()) stop();
      clocks.clear();
    },
  };
}
