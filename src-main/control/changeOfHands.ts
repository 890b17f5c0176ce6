import type { Clock } from '../base/clock';
import { within } from '../base/deadline';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import { makeHandback, mergeHandbacks, type Look } from './handback';
import type { Held } from './held';
import { refusal, type LeaseEvent } from './lease';
import type { Fences } from './types';
import type { Handback } from '@shared/control';

export interface ChangeDeps {
  fences: Fences;
  clock: Clock;
  logger: Logger;
  fenceMs: number;
  lookMs: number;
  /** Applies an event; with a hand-back, in the same commit. */
  apply(held: Held, event: LeaseEvent, handback?: Handback): void;
}

/**
 * What a change of hands does to the machine, for the epoch it was begun under: let admitted actions finish (2 s),
 * shut out everything older, then grant or return. A newer change that overtakes it makes it end without effect.
 * With nothing to drain the only wait before the grant is the fence itself. Never rejects.
 */
export async function changeHands(deps: ChangeDeps, held: Held, epoch: number): Promise<void> {
  const overtaken = () => held.closed || held.lease.epoch !== epoch;
  if (overtaken()) return;
  const failed = (error: unknown): void => {
    deps.logger.error(
      { err: error, sessionId: held.sessionId, epoch },
      'the machine did not confirm a change of hands',
    );
    if (overtaken()) return;
    held.fault = error instanceof Error ? error : new Error(String(error));
    deps.apply(held, { kind: 'fenceFailed', epoch });
  };
  if (held.frozen) {
    try {
      await thaw(deps, held);
    } catch (error) {
      return failed(error);
    }
    if (overtaken()) return;
  }
  const started = deps.clock.monotonic();
  if (held.admissions.size > 0) {
    deps.apply(held, { kind: 'draining', epoch });
    await held.admissions.drain(
      () => refusal(held.lease) ?? new WheelhouseError('stale_epoch', 'Control changed hands.'),
    );
    if (overtaken()) return;
  }
  const drainedMs = Math.round(deps.clock.monotonic() - started);
  const coming = held.lease.kind === 'requested' || held.lease.kind === 'draining';
  const first = coming && held.lease.basis === null;
  try {
    await within(deps.fences.raise(held.sessionId, epoch), deps.fenceMs, 'The change of hands', 'guest_timeout');
  } catch (error) {
    return failed(error);
  }
  if (overtaken()) return;
  if (coming) {
    deps.apply(held, { kind: 'granted', epoch, drainedMs });
    const since = held.lease.basis?.since;
    if (first && held.lease.kind === 'human' && since !== undefined) {
      // Only now: looking shares the machine with the fence and must not delay the grant. The picture is noted within
      // milliseconds, before the person's first input can come.
      held.looking = look(deps, held.sessionId).then(({ frame, windows }) => {
        if (!held.closed) deps.apply(held, { kind: 'looked', since, frame, windows });
      });
      held.looking.catch(() => {});
    }
  } else if (held.lease.kind === 'handback') {
    await giveBack(deps, held, epoch, overtaken);
  }
}

/**
 * Stops the machine's processors, at once: what was admitted is cut off, and what is on its way to the machine can have
 * no effect before they run again, which a fence under a newer epoch follows. A machine that can't be stopped is shut
 * off as ever. Never rejects.
 */
export async function freezeMachine(deps: ChangeDeps, held: Held, epoch: number): Promise<void> {
  const { fences, logger } = deps;
  const { sessionId } = held;
  const overtaken = () => held.closed || held.lease.epoch !== epoch;
  if (!fences.freeze) return changeHands(deps, held, epoch);
  held.admissions.abort(refusal(held.lease) ?? new WheelhouseError('control_paused', 'The computer was stopped.'));
  held.frozen = true;
  const done = held.ice.then(() => (overtaken() ? undefined : fences.freeze?.(sessionId)));
  const failed = done.then(
    () => null,
    (error: unknown) => error,
  );
  held.ice = failed.then(() => {});
  const followed = failed.then(async (error) => {
    if (error === null) return;
    logger.error({ err: error, sessionId }, 'the machine could not be stopped; it is shut off instead');
    if (!overtaken()) await changeHands(deps, held, epoch);
  });
  // A machine that is being saved just now stops after that.
  await within(followed, deps.fenceMs, 'Stopping the machine').catch((error: unknown) =>
    logger.warn({ err: error, sessionId }, 'a machine is not stopped yet'),
  );
}

/** Lets the processors run again where they may be stopped. */
async function thaw({ fences, fenceMs }: ChangeDeps, held: Held): Promise<void> {
  const done = held.ice.then(() => fences.thaw?.(held.sessionId));
  held.ice = done.catch(() => {});
  await within(done, fenceMs, 'Letting the machine go on', 'guest_timeout');
  held.frozen = false;
}

async function giveBack(deps: ChangeDeps, held: Held, epoch: number, overtaken: () => boolean): Promise<void> {
  if (held.lease.basis === null) return deps.apply(held, { kind: 'returned', epoch });
  await held.looking.catch(() => {});
  const after = await look(deps, held.sessionId);
  if (overtaken() || held.lease.basis === null) return;
  // a look that failed says nothing; "all windows closed" would be a lie
  const known = after.frame === null && after.windows.length === 0 ? null : after;
  const told = makeHandback(held.lease.basis, known, epoch, deps.clock.now());
  deps.apply(held, { kind: 'returned', epoch }, mergeHandbacks(held.handback, told));
}

/** Bounded: a machine that cannot be seen must not keep the hand-back from its end. */
const look = (deps: ChangeDeps, sessionId: string): Promise<Look> =>
  within(deps.fences.look(sessionId), deps.lookMs, 'Looking at the machine').catch(() => ({
    frame: null,
    windows: [],
  }));
