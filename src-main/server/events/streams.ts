import type { Bus } from '../../base/bus';
import type { Caller } from '../../base/caller';
import type { Clock } from '../../base/clock';
import { WheelhouseError } from '../../base/errors';
import { poolAs } from '../access';
import type { ServerLimits } from '../limits';
import { EventRing, type RingEntry } from './ring';

export interface EventStreams {
  /** `cut` ends the connection of a reader that no longer takes anything. */
  open(reader: { caller: Caller; lastEventId: string | null; cut: () => void }): Response;
  close(): void;
}

/**
 * Server-sent events, pulled: the connection asks for more only when the last piece has gone out, and then gets what the
 * ring holds after its position. A reader that fell behind the ring is told so by a `reset` event and goes on from now.
 */
export function createEventStreams(options: {
  bus: Bus;
  clock: Clock;
  boot: string;
  limits: ServerLimits;
  sees: (caller: Caller, entry: RingEntry) => boolean;
  stands: (caller: Caller) => boolean;
}): EventStreams {
  const { bus, clock, boot, limits, sees, stands } = options;
  const ring = new EventRing(limits.eventRing, boot);
  const unsubscribe = bus.on((event) => ring.push(event));
  const open = new Map<string, { caller: Caller; end: () => void }>();
  let count = 0;

  const admit = (caller: Caller): string => {
    const own = [...open.values()].filter((stream) => stream.caller.tokenId === caller.tokenId).length;
    if (open.size >= limits.maxEventStreams || own >= limits.maxEventStreamsOfCaller) {
      throw new WheelhouseError('too_many', 'Too many event streams are open.', { retryAfterMs: 5_000 });
    }
    return `stream-${++count}`;
  };

  return {
    open({ caller, lastEventId, cut }) {
      const key = admit(caller);
      const resumed = lastEventId === null ? ring.end : ring.resume(lastEventId);
      let position = resumed ?? ring.end;
      let greeting = resumed === null ? resetFrame(ring.idOf(position - 1)) : ': connected\n\n';
      let wake: (() => void) | null = null;
      let ended = false;
      let stall: (() => void) | null = null;
      const encoder = new TextEncoder();

      const end = () => {
        ended = true;
        stall?.();
        open.delete(key);
        stopListening();
        wake?.();
      };
      const stopListening = ring.onPush(() => wake?.());
      open.set(key, { caller, end });

      /** What may go out now, bounded, or empty when there is nothing. */
      const collect = (): string => {
        let text = greeting;
        greeting = '';
        if (position < ring.start) {
          position = ring.end;
          return text + resetFrame(ring.idOf(position - 1));
        }
        for (let taken = 0; position < ring.end && taken < 64; position++) {
          const entry = ring.at(position);
          if (!entry || !sees(caller, entry)) continue;
          text += `id: ${ring.idOf(entry.seq)}\nevent: ${entry.event.event}\ndata: ${dataFor(caller, entry)}\n\n`;
          taken++;
        }
        return text;
      };

      const nextPiece = async (): Promise<string | null> => {
        const heartbeatAt = clock.monotonic() + limits.heartbeatMs;
        for (;;) {
          if (ended || !stands(caller)) return null;
          const text = collect();
          if (text) return text;
          const left = heartbeatAt - clock.monotonic();
          if (left <= 0) return ': heartbeat\n\n';
          await new Promise<void>((resolve) => {
            const cancel = clock.after(left, resolve);
            wake = () => (cancel(), resolve());
          });
          wake = null;
        }
      };

      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            stall?.();
            stall = null;
            const piece = await nextPiece();
            if (piece === null) {
              end();
              try {
                controller.close();
              } catch {
                // Cancelled meanwhile by the reader's going away.
              }
              return;
            }
            controller.enqueue(encoder.encode(piece));
            stall = clock.after(limits.stalledReaderMs, () => (end(), cut()));
          },
          cancel: end,
        },
        { highWaterMark: 0 },
      );
      return new Response(body, {
        headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
      });
    },
    close() {
      unsubscribe();
      for (const stream of open.values()) stream.end();
    },
  };
}

const resetFrame = (id: string): string => `id: ${id}\nevent: reset\ndata: {}\n\n`;

/** As this caller may read it; the text that all others share is made once. */
const dataFor = (caller: Caller, { event, data }: RingEntry): string =>
  caller.role === 'agent' && event.event === 'pool' ? JSON.stringify(poolAs(caller, event.data)) : data;
