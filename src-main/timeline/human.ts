import type { Clock } from '../base/clock';
import { assertNever } from '../base/errors';
import type { Logger } from '../base/logger';
import type { HumanInput, Viewer } from '../screen/types';
import type { PendingFrame, Timeline } from './types';

const quietMs = 1500;
const settleMs = 400;

/** Keys, or notches of one wheel, that belong together: one row when they end. */
type Burst = { viewer: Viewer; epoch: number } & (
  { kind: 'keys'; count: number } | { kind: 'scroll'; x: number; y: number; notches: number }
);

/** The hub's version comes too late to matter. A rejection nobody waits for (no row was written) must not end the process. */
function picture(png: Promise<Buffer>): PendingFrame {
  png.catch(() => {});
  return { version: -1, png };
}

export interface HumanRecorder {
  /** From the relay, for every input it let through. Never throws: the input has already reached the machine. */
  input(viewer: Viewer, input: HumanInput): void;
  /** Ends what is open in a session: before a change of hands, and when the session ends. */
  flush(sessionId: string): void;
  close(): void;
}

/**
 * What a person did, as rows people can read: one row a click or drag, one for a burst of keys ("Typed 31 characters")
 * that ends after 1.5 s of quiet or with the next click, one for a run of scrolling. Only counts arrive here, so no
 * text can be stored. While a hold is private nothing is.
 */
export function createHumanRecorder(deps: {
  timeline: Pick<Timeline, 'note'>;
  clock: Clock;
  logger: Logger;
  control(sessionId: string): { epoch: number; private: boolean };
  /** The picture of this instant, where there is one. */
  frame?(sessionId: string): Promise<PendingFrame> | undefined;
}): HumanRecorder {
  const bursts = new Map<string, { burst: Burst; cancel: () => void }>();
  const settling = new Set<() => void>();

  function note(viewer: Viewer, epoch: number, tool: string, words: string, args: Record<string, unknown>): void {
    const hasPoint = typeof args.x === 'number' && typeof args.y === 'number';
    const point = hasPoint ? { x: args.x as number, y: args.y as number } : null;
    const pointed = tool === 'human.click' || tool === 'human.drag';
    try {
      deps.timeline.note(
        {
          sessionId: viewer.sessionId,
          actor: { kind: 'human', name: viewer.operator },
          epoch,
          tool,
          arguments: args,
          words,
          point,
        },
        { outcome: 'done' },
        pointed ? { before: now(viewer.sessionId), after: later(viewer.sessionId) } : {},
      );
    } catch (error) {
      deps.logger.error({ err: error, sessionId: viewer.sessionId }, "a person's input could not be recorded");
    }
  }

  const now = (sessionId: string): PendingFrame | undefined => {
    const frame = deps.frame?.(sessionId);
    return frame && picture(frame.then((taken) => taken.png));
  };

  function later(sessionId: string): PendingFrame | undefined {
    if (!deps.frame) return undefined;
    const png = new Promise<Buffer>((resolve, reject) => {
      const run = () => {
        settling.delete(cancel);
        // the hold may have ended or turned private meanwhile
        const frame = deps.control(sessionId).private ? undefined : deps.frame?.(sessionId);
        if (frame) resolve(frame.then((taken) => taken.png));
        else reject(new Error('no picture'));
      };
      const stop = deps.clock.after(settleMs, run);
      const cancel = () => {
        stop();
        reject(new Error('closed'));
      };
      settling.add(cancel);
    });
    return picture(png);
  }

  function flush(sessionId: string): void {
    const open = bursts.get(sessionId);
    if (!open) return;
    open.cancel();
    bursts.delete(sessionId);
    const { burst } = open;
    switch (burst.kind) {
      case 'keys': {
        const words = burst.count === 1 ? 'Typed **1 character**' : `Typed **${burst.count} characters**`;
        return note(burst.viewer, burst.epoch, 'human.type', words, { count: burst.count });
      }
      case 'scroll': {
        const way = burst.notches === 0 ? 'to and fro' : burst.notches > 0 ? 'down' : 'up';
        const args = { x: burst.x, y: burst.y, notches: burst.notches };
        return note(burst.viewer, burst.epoch, 'human.scroll', `Scrolled ${way} at **${burst.x}, ${burst.y}**`, args);
      }
      default:
        assertNever(burst);
    }
  }

  function add(burst: Burst): void {
    const { sessionId, operator } = burst.viewer;
    const open = bursts.get(sessionId);
    const same = open && open.burst.viewer.operator === operator && open.burst.epoch === burst.epoch;
    if (open && same && open.burst.kind === 'keys' && burst.kind === 'keys') burst.count += open.burst.count;
    else if (open && same && open.burst.kind === 'scroll' && burst.kind === 'scroll')
      burst.notches += open.burst.notches;
    else flush(sessionId);
    bursts.get(sessionId)?.cancel();
    bursts.set(sessionId, { burst, cancel: deps.clock.after(quietMs, () => flush(sessionId)) });
  }

  return {
    input(viewer, input) {
      const { epoch, private: hidden } = deps.control(viewer.sessionId);
      if (hidden) return flush(viewer.sessionId);
      switch (input.kind) {
        case 'keys':
          return add({ kind: 'keys', viewer, epoch, count: input.count });
        case 'scroll':
          return add({ kind: 'scroll', viewer, epoch, x: input.x, y: input.y, notches: input.notches });
        case 'click': {
          flush(viewer.sessionId);
          const which = input.button === 'Left' ? '' : ` with the ${input.button.toLowerCase()} button`;
          const words = `Clicked at **${input.x}, ${input.y}**${which}`;
          return note(viewer, epoch, 'human.click', words, { x: input.x, y: input.y, button: input.button });
        }
        case 'drag': {
          flush(viewer.sessionId);
          const words = `Dragged from **${input.x}, ${input.y}** to **${input.toX}, ${input.toY}**`;
          const { x, y, toX, toY } = input;
          return note(viewer, epoch, 'human.drag', words, { x, y, toX, toY });
        }
        default:
          assertNever(input);
      }
    },
    flush,
    close() {
      for (const sessionId of bursts.keys()) flush(sessionId);
      for (const cancel of settling) cancel();
      settling.clear();
    },
  };
}
