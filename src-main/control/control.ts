import type { ControlRequest, ControlState, Handback } from '@shared/control';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import { within } from '../base/deadline';
import { assertNever, WheelhouseError } from '../base/errors';
import { Emitter } from '../base/emitter';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import { controlStore } from '../store/controls';
import { transaction, type Database } from '../store/database';
import type { Timeline } from '../timeline/types';
import { changeHands, freezeMachine, type ChangeDeps } from './changeOfHands';
import { makeHandback, mergeHandbacks } from './handback';
import { handbackOf, leaseOf, newHeld, publicState, toRow, type Held } from './held';
import { freshLease, refusal, transition, type Lease, type LeaseEvent } from './lease';
import type { OperatorEvent } from './leaseMoves';
import { conflict, held as heldError, holderOf, type Effect } from './leaseParts';
import type { AttentionQueue, Control, Fences, Operator } from './types';
import { HoldWatch } from './watch';

export interface ControlDeps {
  db: Database;
  fences: Fences;
  timeline: Pick<Timeline, 'note'>;
  bus: Bus;
  clock: Clock;
  ids: Ids;
  logger: Logger;
  /** Told when a person takes a session, hands it back, lets the hold lapse, and when the session ends. */
  attention?: Pick<AttentionQueue, 'taken' | 'answeredBySession' | 'withdraw' | 'abandoned'>;
  /** Milliseconds. drain 2,000; fence 5,000; look 1,500; idle (before the last minute's countdown) 540,000. */
  limits?: { drainMs?: number; fenceMs?: number; lookMs?: number; idleMs?: number };
}

export interface ControlService extends Control {
  /** Ends the clocks and lets go of who waits; the store keeps who held what, for the next start. */
  stop(): void;
}

/** Whether losing the write to the disk must stop the move: moves that only take leave away go on without it. */
type Strictness = 'recorded' | 'anyway';

/**
 * Runs the lease machine (lease.ts) for every session. A move is computed, committed together with its timeline row,
 * and only then shown and carried out; so a crash at any point leaves an intent that `open` goes on from.
 */
export function createControl(deps: ControlDeps): ControlService {
  const { db, clock, bus } = deps;
  const logger = deps.logger.child({ room: 'control' });
  const store = controlStore(db);
  const sessions = new Map<string, Held>();
  const changes = new Emitter<{ sessionId: string; state: ControlState }>((error) =>
    logger.error({ err: error }, 'a listener failed'),
  );
  const changeDeps: ChangeDeps = {
    fences: deps.fences,
    clock,
    logger,
    fenceMs: deps.limits?.fenceMs ?? 5000,
    lookMs: deps.limits?.lookMs ?? 1500,
    apply(held, event, handback) {
      apply(held, event, event.kind === 'granted' ? 'recorded' : 'anyway', handback);
    },
  };

  const find = (sessionId: string): Held => {
    const held = sessions.get(sessionId);
    if (!held) throw new WheelhouseError('session_gone', 'This session has ended or never was.');
    return held;
  };

  function noteFacts(held: Held, lease: Lease, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'fact') continue;
      deps.timeline.note({
        sessionId: held.sessionId,
        actor: effect.by === null ? { kind: 'broker', name: 'Wheelhouse' } : { kind: 'human', name: effect.by },
        epoch: lease.epoch,
        tool: effect.tool,
        arguments: effect.arguments,
        words: effect.words,
        point: null,
      });
    }
  }

  /** The one place where a lease changes. Throws for an illegal move, or (when strict) for one that can't be recorded. */
  function apply(held: Held, event: LeaseEvent, strictness: Strictness, handback = held.handback): void {
    if (held.closed) return;
    const before = held.lease;
    const { state, effects } = transition(before, event, clock.now());
    if (state === before) return;
    try {
      transaction(db, () => {
        store.save(toRow(held.sessionId, state, handback));
        noteFacts(held, state, effects);
      });
    } catch (error) {
      logger.error(
        { err: error, sessionId: held.sessionId, event: event.kind },
        'a change of control was not recorded',
      );
      if (event.kind === 'granted') {
        held.fault = error as Error;
        return apply(held, { kind: 'fenceFailed', epoch: event.epoch }, 'anyway');
      }
      if (strictness === 'recorded') throw notRecorded(error);
    }
    held.lease = state;
    held.handback = handback;
    settle(held, before, effects);
  }

  /** After a move: clocks, listeners, waiters, and what the machine must be told. */
  function settle(held: Held, before: Lease, effects: readonly Effect[]): void {
    const { lease, sessionId } = held;
    held.watch.follow(lease);
    if (lease.kind === 'requested') held.watching = (held.viewers.get(lease.holder) ?? 0) > 0;
    const visible = JSON.stringify(publicState(lease)) !== JSON.stringify(publicState(before));
    if (visible) {
      const state = publicState(lease);
      bus.emit({ event: 'control', data: { sessionId, control: state } });
      changes.emit({ sessionId, state });
    }
    if (lease.kind === 'agent') for (const wake of [...held.waiters]) wake(true);
    try {
      tellAttention(held, before);
    } catch (error) {
      logger.error({ err: error, sessionId }, 'the calls for a person were not told of a change of hands');
    }
    if (lease.kind === 'human' && before.kind !== 'human' && leftAlready(held, lease.holder)) {
      apply(held, { kind: 'viewerLost', by: lease.holder }, 'anyway');
    }
    for (const effect of effects) {
      if (effect.kind === 'fact') continue;
      held.fault = null;
      const run = effect.kind === 'freeze' ? freezeMachine : changeHands;
      held.fencing = run(changeDeps, held, effect.epoch);
    }
  }

  /** The holder's viewer went away while the change of hands was under way. Who never had one acts from elsewhere. */
  const leftAlready = (held: Held, holder: string): boolean => held.watching && !held.viewers.get(holder);

  function tellAttention(held: Held, before: Lease): void {
    const { lease, sessionId } = held;
    if (lease.kind === before.kind) return;
    if (lease.kind === 'human') deps.attention?.taken(sessionId, lease.holder);
    else if (lease.kind === 'agent' && before.kind === 'handback' && before.basis) {
      deps.attention?.answeredBySession(sessionId, before.basis.by, before.basis.note);
    } else if (lease.kind === 'paused' && before.kind === 'human') deps.attention?.abandoned?.(sessionId);
  }

  async function take(held: Held, operator: Operator, request: ControlRequest): Promise<ControlState> {
    apply(held, toEvent(operator, request), 'recorded');
    while (!held.closed && isComing(held.lease, operator.name)) await held.fencing;
    if (held.closed) throw new WheelhouseError('session_gone', 'The session ended before control changed hands.');
    if (held.lease.kind === 'human' && held.lease.holder === operator.name) return publicState(held.lease);
    if (held.fault) throw takeFailed(held.fault);
    throw holderOf(held.lease) ? heldError(held.lease) : conflict(held.lease, 'Somebody else decided meanwhile.');
  }

  /** After a restart: the machine may be stopped where it should run, or run where it should be stopped. */
  function followIce(held: Held): void {
    held.frozen = true;
    if (held.lease.kind === 'paused' && held.lease.frozen) {
      held.fencing = freezeMachine(changeDeps, held, held.lease.epoch);
      return;
    }
    held.ice = Promise.resolve(deps.fences.thaw?.(held.sessionId)).then(
      () => void (held.frozen = false),
      (error: unknown) => logger.warn({ err: error, sessionId: held.sessionId }, 'a machine may still be stopped'),
    );
  }

  /** One move for every session; resolves with how many it changed, once their machines have followed. */
  async function everywhere(event: LeaseEvent): Promise<number> {
    const moved: Promise<void>[] = [];
    for (const held of [...sessions.values()]) {
      const before = held.lease;
      try {
        apply(held, event, 'anyway');
      } catch (error) {
        logger.error({ err: error, sessionId: held.sessionId, event: event.kind }, 'a session was left out');
      }
      if (held.lease !== before) moved.push(held.fencing);
    }
    await Promise.all(moved);
    return moved.length;
  }

  function restore(sessionId: string): { lease: Lease; handback: Handback | null; reopened: boolean } {
    const row = store.load(sessionId);
    // no row says the same as a row of a fresh lease: a session that nobody takes over costs no commit
    if (!row) return { lease: freshLease(clock.now()), handback: null, reopened: false };
    // a session begun again under an old name goes on counting, so that no epoch names two holds
    if (row.closed) return { lease: freshLease(clock.now(), row.epoch + 1), handback: null, reopened: true };
    return { lease: leaseOf(row), handback: handbackOf(row), reopened: false };
  }

  return {
    state(sessionId) {
      const held = sessions.get(sessionId);
      if (held) return publicState(held.lease);
      const row = store.load(sessionId);
      return publicState(row ? leaseOf(row) : freshLease(clock.now()));
    },
    admit(sessionId) {
      const held = find(sessionId);
      const error = refusal(held.lease);
      if (error) throw error;
      return held.admissions.admit(held.lease.epoch);
    },
    async act(sessionId, operator, request) {
      const held = find(sessionId);
      if (request.private) throw new WheelhouseError('not_supported', 'Private holds are not there yet.');
      if (request.force && !operator.admin) throw new WheelhouseError('forbidden', 'Only an admin may force this.');
      if (request.action === 'take') return take(held, operator, request);
      apply(held, toEvent(operator, request), request.action === 'pause' ? 'anyway' : 'recorded');
      return publicState(held.lease);
    },
    holds(sessionId, operator) {
      const lease = sessions.get(sessionId)?.lease;
      return lease !== undefined && lease.kind === 'human' && lease.holder === operator;
    },
    touched(sessionId) {
      const held = sessions.get(sessionId);
      if (held?.lease.kind !== 'human') return;
      held.watch.touched();
      if (held.lease.lapse) apply(held, { kind: 'input', by: held.lease.holder }, 'anyway');
    },
    viewerOpened(sessionId, operator) {
      const held = sessions.get(sessionId);
      if (!held) return;
      held.viewers.set(operator, (held.viewers.get(operator) ?? 0) + 1);
      apply(held, { kind: 'viewerBack', by: operator }, 'anyway');
    },
    viewerClosed(sessionId, operator) {
      const held = sessions.get(sessionId);
      const open = held?.viewers.get(operator) ?? 0;
      if (!held || open === 0) return;
      if (open > 1) return void held.viewers.set(operator, open - 1);
      held.viewers.delete(operator);
      apply(held, { kind: 'viewerLost', by: operator }, 'anyway');
    },
    async awaitAgent(sessionId, timeoutMs, signal) {
      const held = find(sessionId);
      if (held.lease.kind === 'agent') return true;
      signal.throwIfAborted();
      return new Promise<boolean>((resolve, reject) => {
        const wake = (result: boolean | Error): void => {
          held.waiters.delete(wake);
          stop();
          signal.removeEventListener('abort', aborted);
          if (result instanceof Error) reject(result);
          else resolve(result);
        };
        const aborted = () => wake(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
        const stop = clock.after(timeoutMs, () => wake(false));
        signal.addEventListener('abort', aborted, { once: true });
        held.waiters.add(wake);
      });
    },
    handbackWaits: (sessionId) => sessions.get(sessionId)?.handback != null,
    takeHandback(sessionId) {
      const held = sessions.get(sessionId);
      if (!held?.handback) return null;
      const told = held.handback;
      held.handback = null;
      try {
        store.save(toRow(sessionId, held.lease, null));
      } catch (error) {
        logger.warn({ err: error, sessionId }, 'a delivered hand-back could not be struck out; it may be told again');
      }
      return told;
    },
    stopAll: (operator) => everywhere({ kind: 'stop', by: operator.name }),
    resumeAll: (operator) => everywhere({ kind: 'goOn', by: operator.name }),
    async rewound(sessionId, to) {
      const held = find(sessionId);
      apply(held, { kind: 'rewound', to }, 'anyway');
      const raised = deps.fences.raise(sessionId, held.lease.epoch);
      // A machine that was just put back answers its first call late.
      await within(raised, 3 * changeDeps.fenceMs, 'Shutting out what is older', 'guest_timeout');
    },
    onChange: (listener) => changes.on(({ sessionId, state }) => listener(sessionId, state)),
    open(sessionId) {
      if (sessions.has(sessionId)) return;
      const { lease, handback, reopened } = restore(sessionId);
      const watch = new HoldWatch(clock, deps.limits?.idleMs ?? 540_000, (event) => apply(held, event, 'anyway'));
      const drainMs = deps.limits?.drainMs ?? 2000;
      const held: Held = newHeld({ sessionId, lease, handback, clock, drainMs, watch });
      sessions.set(sessionId, held);
      if (reopened) store.save(toRow(sessionId, lease, handback));
      const ended = lease.kind === 'handback' ? lease.basis : null;
      const told = ended && mergeHandbacks(handback, makeHandback(ended, null, lease.epoch + 1, clock.now()));
      apply(held, { kind: 'restarted' }, 'recorded', told ?? handback);
      if (store.load(sessionId)) followIce(held);
      // a lapse that was stored is armed again even where the restart changed nothing
      watch.follow(held.lease);
    },
    stop() {
      for (const held of sessions.values()) {
        held.closed = true;
        held.watch.stop();
        for (const wake of [...held.waiters]) wake(false);
      }
      sessions.clear();
    },
    close(sessionId) {
      const held = sessions.get(sessionId);
      if (!held) return;
      sessions.delete(sessionId);
      held.closed = true;
      held.watch.stop();
      const gone = new WheelhouseError('session_gone', 'This session has ended.');
      held.admissions.abort(gone);
      for (const wake of [...held.waiters]) wake(gone);
      deps.attention?.withdraw(sessionId);
      const was = held.lease;
      held.lease = freshLease(clock.now(), was.epoch + 1);
      try {
        store.save(toRow(sessionId, held.lease, null, true));
        const holder = holderOf(was);
        const words = `The session ended while **${holder}** had control`;
        if (holder)
          noteFacts(held, held.lease, [{ kind: 'fact', tool: 'control.end', by: null, words, arguments: { holder } }]);
      } catch (error) {
        logger.warn({ err: error, sessionId }, 'the end of control could not be recorded');
      }
    },
  };
}

const isComing = (lease: Lease, holder: string): boolean =>
  (lease.kind === 'requested' || lease.kind === 'draining') && lease.holder === holder;

const notRecorded = (cause: unknown): WheelhouseError =>
  cause instanceof WheelhouseError && cause.code === 'not_recorded'
    ? cause
    : new WheelhouseError('not_recorded', 'This could not be recorded, so nothing was changed.', {}, { cause });

const takeFailed = (cause: Error): WheelhouseError =>
  new WheelhouseError(
    cause instanceof WheelhouseError ? cause.code : 'guest_failed',
    'The machine did not confirm the change of hands. The session is paused: nobody has control.',
    {},
    { cause },
  );

function toEvent(operator: Operator, request: ControlRequest): OperatorEvent {
  const move = { by: operator.name, force: request.force === true && operator.admin, epoch: request.epoch };
  switch (request.action) {
    case 'release':
      return { kind: 'release', ...move, note: request.note?.trim() ?? '', leavePaused: request.leavePaused === true };
    case 'give':
      return { kind: 'give', ...move, to: request.to?.trim() || null };
    case 'take':
    case 'request':
    case 'keep':
    case 'pause':
    case 'resume':
      return { kind: request.action, ...move };
    default:
      return assertNever(request.action);
  }
}
