import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock';

/**
 * A stream as an answer's body, read only as fast as the caller takes it. Ends with the caller: who hangs up, or takes
 * nothing for `stalledMs`, ends the source. A source that breaks breaks the connection, so that half is never taken for
 * all.
 */
export function downloadOf(
  source: Readable,
  options: { clock: Clock; stalledMs: number; cut: () => void; broke: (error: unknown) => void; ended: () => void },
): ReadableStream<Uint8Array> {
  const { clock, stalledMs, cut, broke, ended } = options;
  const pieces = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let stall: (() => void) | null = null;
  let over = false;
  const end = (): void => {
    stall?.();
    stall = null;
    source.destroy();
    if (over) return;
    over = true;
    ended();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        stall?.();
        stall = null;
        try {
          const { done, value } = await pieces.next();
          if (over) return;
          if (done === true) {
            end();
            return controller.close();
          }
          // A view of what may be a pool of buffers: nobody writes there again while it is on its way.
          controller.enqueue(value);
          stall = clock.after(stalledMs, () => (end(), cut()));
        } catch (error) {
          if (over) return;
          end();
          // First the connection, then the body: its end is heard by nobody.
          cut();
          broke(error);
          controller.close();
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
