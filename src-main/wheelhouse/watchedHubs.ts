import type { Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Logger } from '../base/logger';
import type { LinkTarget } from '../sandbox/backend';
import type { ScreenHub, ScreenHubs } from '../screen/types';

/** A screen that is lost twice within this time has failed for good. */
const patienceMs = 30_000;
const againAfterMs = 200;
const verdictMs = 1_500;

const pause = (clock: Clock, ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

export interface HubWatch {
  /** The epoch that holds now. */
  epoch(sessionId: string): number;
  isLive(sessionId: string): boolean;
  /** Where its machine listens now: another place after it was put back to a checkpoint. */
  target(sessionId: string): Promise<LinkTarget>;
  /** Its processors are stopped: a screen can't be opened. */
  isFrozen(sessionId: string): boolean;
  /** The screen can't be had any more. */
  failed(sessionId: string, reason: string): void;
}

/**
 * The screens of all sessions, with what the composition adds: one opening at a time, an epoch that can't be missed by
 * a change of hands during the opening, and a second try when a screen is lost before its session is given up.
 */
export function watchHubs(hubs: ScreenHubs, watch: HubWatch, clock: Clock, logger: Logger) {
  const opening = new Map<string, Promise<ScreenHub>>();
  const lostAt = new Map<string, number>();
  const renewing = new Map<string, Promise<void>>();
  let closed = false;

  async function openFresh(sessionId: string): Promise<ScreenHub> {
    // Opened on the old machine it would be lost with it.
    await renewing.get(sessionId);
    if (watch.isFrozen(sessionId)) {
      throw new WheelhouseError('control_paused', 'This computer is stopped, and nobody had its screen open.', {
        frozen: true,
      });
    }
    const target = await watch.target(sessionId);
    let epoch = watch.epoch(sessionId);
    const hub = await hubs.open(sessionId, target, epoch);
    hub.onLost((reason) => lost(sessionId, reason));
    // Hands may have changed meanwhile, and the session may have ended.
    while (watch.isLive(sessionId) && watch.epoch(sessionId) !== epoch) {
      epoch = watch.epoch(sessionId);
      await hub.setEpoch(epoch);
    }
    if (!watch.isLive(sessionId)) {
      hubs.close(sessionId);
      // Says what became of it; suspended is not ended.
      await watch.target(sessionId);
      throw new WheelhouseError('session_gone', 'The session ended while its screen was being opened.');
    }
    return hub;
  }

  function open(sessionId: string): Promise<ScreenHub> {
    const known = hubs.get(sessionId);
    if (known && !opening.has(sessionId)) return Promise.resolve(known);
    let begun = opening.get(sessionId);
    if (!begun) {
      const fresh: Promise<ScreenHub> = openFresh(sessionId).finally(() => {
        if (opening.get(sessionId) === fresh) opening.delete(sessionId);
      });
      opening.set(sessionId, fresh);
      begun = fresh;
    }
    return begun;
  }

  function lost(sessionId: string, reason: string): void {
    if (closed || renewing.has(sessionId) || !watch.isLive(sessionId)) return;
    const now = clock.monotonic();
    const again = now - (lostAt.get(sessionId) ?? -Infinity) < patienceMs;
    lostAt.set(sessionId, now);
    logger.warn({ sessionId, reason, again }, 'screen lost');
    hubs.close(sessionId);
    if (again) return watch.failed(sessionId, `The screen was lost again: ${reason}`);
    void tryAgain(sessionId).catch(async (error: unknown) => {
      // When the machine itself is gone its backend says so about now, and knows better why.
      await pause(clock, verdictMs);
      if (closed || !watch.isLive(sessionId)) return;
      watch.failed(sessionId, `The screen was lost: ${error instanceof Error ? error.message : reason}`);
    });
  }

  async function tryAgain(sessionId: string): Promise<void> {
    await pause(clock, againAfterMs);
    if (!closed && watch.isLive(sessionId)) await open(sessionId);
  }

  /** The screen closes, and nobody opens it before the work is done: on the machine as it is then. */
  async function renew<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    let done: () => void = () => {};
    renewing.set(sessionId, new Promise<void>((resolve) => (done = resolve)));
    lostAt.delete(sessionId);
    // One that is being opened would come up on the old machine.
    void opening.get(sessionId)?.then(
      (hub) => hub.close(),
      () => {},
    );
    opening.delete(sessionId);
    hubs.close(sessionId);
    try {
      return await work();
    } finally {
      renewing.delete(sessionId);
      done();
    }
  }

  const watched: ScreenHubs = {
    open: (sessionId) => open(sessionId),
    get: (sessionId) => hubs.get(sessionId),
    close(sessionId) {
      lostAt.delete(sessionId);
      hubs.close(sessionId);
    },
    probe: (target, signal) => hubs.probe(target, signal),
    async closeAll() {
      closed = true;
      await hubs.closeAll();
    },
  };
  return {
    hubs: watched,
    renew,
    /** The open hub, or the one that is being opened; undefined when nobody asked for one. */
    current: (sessionId: string): Promise<ScreenHub> | undefined => {
      // Who opens it afterwards opens it at the epoch of then.
      if (renewing.has(sessionId)) return undefined;
      const known = hubs.get(sessionId);
      return opening.get(sessionId) ?? (known ? Promise.resolve(known) : undefined);
    },
  };
}
