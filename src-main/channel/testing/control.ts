import type { Attention } from '@shared/action';
import type { ControlState, Handback } from '@shared/control';
import { WheelhouseError } from '../../base/errors';
import type { AttentionQueue, Control } from '../../control/types';

const time = '2026-01-01T00:00:00.000Z';
const unused = (): never => {
  throw new Error('not part of this double');
};

export interface ControlDouble extends Control {
  set(sessionId: string, state: Partial<ControlState>): void;
  handBack(sessionId: string, by: string, note: string): void;
  /** Cuts off what was admitted, as the drain's limit does. */
  cutOff(sessionId: string, reason?: Error): void;
  admitted: number;
  /** Who listens for changes: calls that wait. */
  readonly watchers: number;
}

/** The lease without its clock: states are set by the test. */
export function controlDouble(): ControlDouble {
  const states = new Map<string, ControlState>();
  const handbacks = new Map<string, Handback>();
  const listeners = new Set<(sessionId: string, state: ControlState) => void>();
  const running = new Map<string, Set<AbortController>>();
  const fresh: ControlState = {
    kind: 'agent',
    holder: null,
    since: time,
    epoch: 1,
    private: false,
    lapsesAt: null,
    lapseReason: null,
    askedBy: null,
  };
  const state = (sessionId: string) => states.get(sessionId) ?? fresh;
  const control: ControlDouble = {
    admitted: 0,
    get watchers() {
      return listeners.size;
    },
    state,
    set(sessionId, more) {
      const before = state(sessionId);
      const next = { ...before, epoch: before.epoch + 1, ...more };
      states.set(sessionId, next);
      for (const listener of listeners) listener(sessionId, next);
    },
    handBack(sessionId, by, note) {
      handbacks.set(sessionId, {
        by,
        note,
        heldMs: 108_000,
        at: time,
        epoch: state(sessionId).epoch + 1,
        frameBefore: null,
        frameAfter: null,
        windowsOpened: ['Orders'],
        windowsClosed: [],
      });
      control.set(sessionId, { kind: 'agent', holder: null });
    },
    cutOff(sessionId, reason) {
      for (const controller of running.get(sessionId) ?? []) controller.abort(reason);
    },
    admit(sessionId) {
      const now = state(sessionId);
      const data = { holder: now.holder, since: now.since, tool: 'await_control' };
      if (now.kind === 'paused') throw new WheelhouseError('control_paused', 'The desktop is paused.', data);
      if (now.kind !== 'agent') throw new WheelhouseError('control_held', `${now.holder} holds control.`, data);
      const controller = new AbortController();
      const set = running.get(sessionId) ?? new Set();
      running.set(sessionId, set.add(controller));
      control.admitted += 1;
      return {
        epoch: now.epoch,
        signal: controller.signal,
        done() {
          control.admitted -= 1;
          set.delete(controller);
        },
      };
    },
    act: unused,
    stopAll: unused,
    resumeAll: unused,
    rewound: unused,
    holds: () => false,
    touched: () => {},
    viewerOpened: () => {},
    viewerClosed: () => {},
    awaitAgent: unused,
    handbackWaits: (sessionId) => handbacks.has(sessionId),
    takeHandback(sessionId) {
      const handback = handbacks.get(sessionId) ?? null;
      handbacks.delete(sessionId);
      return handback;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    open: () => {},
    close: () => {},
  };
  return control;
}

/** Calls for help in memory. */
export function attentionDouble(): AttentionQueue & {
  change(id: string, more: Partial<Attention>): void;
  items: Map<string, Attention>;
} {
  const items = new Map<string, Attention>();
  const waiters = new Set<() => void>();
  const get = (id: string) => items.get(id) ?? unused();
  return {
    items,
    list: () => [...items.values()],
    ask({ deadlineMs, ...request }) {
      const item: Attention = {
        ...request,
        id: `a_${items.size + 1}`,
        at: time,
        deadline: deadlineMs === null ? null : '2026-01-01T00:10:00.000Z',
        state: 'waiting',
        answeredBy: null,
        answer: null,
        personNote: 'the code is 4711',
      };
      items.set(item.id, item);
      return item;
    },
    get,
    change(id, more) {
      items.set(id, { ...get(id), ...more });
      for (const waiter of waiters) waiter();
    },
    taken: unused,
    answer: unused,
    answeredBySession: unused,
    withdraw: unused,
    setPersonNote: unused,
    wait(id, timeoutMs, signal) {
      return new Promise((resolve, reject) => {
        const open = () => ['waiting', 'taken'].includes(get(id).state);
        const look = () => !open() && resolve(get(id));
        waiters.add(look);
        signal.addEventListener('abort', () => (waiters.delete(look), reject(signal.reason)), { once: true });
        setTimeout(() => resolve(get(id)), timeoutMs).unref();
        look();
      });
    },
  };
}
