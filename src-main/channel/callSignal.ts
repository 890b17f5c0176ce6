import type { Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';

export interface CallSignal {
  readonly signal: AbortSignal;
  /** Another cause to stop: `reason` says why, made when it happens. Undone by dispose. */
  also(signal: AbortSignal, reason: () => unknown): void;
  dispose(): void;
}

/** A stop ends connections when its time is over; no client went away then. */
const cutOff = 'Wheelhouse stopped while this was under way. It may or may not have taken effect.';

/** One signal for one call: its deadline, the client's going (`stopping`: or ours), and whatever is added. Frees every listener on dispose. */
export function createCallSignal(
  clock: Clock,
  deadlineMs: number,
  client: AbortSignal,
  stopping?: AbortSignal,
): CallSignal {
  const controller = new AbortController();
  const disposers: (() => void)[] = [];
  const also = (signal: AbortSignal, reason: () => unknown) => {
    const stop = () => controller.abort(reason());
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    disposers.push(() => signal.removeEventListener('abort', stop));
  };
  disposers.push(
    clock.after(deadlineMs, () =>
      controller.abort(
        new WheelhouseError('timeout', `The call took longer than ${deadlineMs / 1000} s and was ended.`),
      ),
    ),
  );
  also(
    client,
    () => new WheelhouseError('timeout', stopping?.aborted ? cutOff : 'The client went away before the call was over.'),
  );
  return {
    signal: controller.signal,
    also,
    dispose() {
      for (const dispose of disposers.splice(0)) dispose();
    },
  };
}
