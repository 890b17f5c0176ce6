import { WheelhouseError } from '../base/errors';
import type { ToolContext } from './tool';

/**
 * Waits until `check` sees something, and looks again whenever control changes hands or one of the calls for help
 * changes; null when `ms` are over, or Wheelhouse is about to stop. Rejects with session_gone when the session ends, or with the signal's reason.
 */
export function watch<T>(
  context: ToolContext,
  helpIds: string[],
  ms: number,
  check: () => T | null,
): Promise<T | null> {
  const now = check();
  if (now !== null || ms <= 0) return Promise.resolve(now);
  const { broker, control, attention, clock, draining } = context.deps;
  const { sessionId } = context.live.session;
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    const disposers: (() => void)[] = [];
    const end = (settle: () => void) => {
      over.abort();
      for (const dispose of disposers.splice(0)) dispose();
      settle();
    };
    // What is looked at may be gone by then.
    const attempt = (): T | null => {
      try {
        return check();
      } catch (error) {
        end(() => reject(error));
        return null;
      }
    };
    // Looked at one turn later: other listeners of the same change (attention, hand-back) have run by then.
    const look = () =>
      void setImmediate(() => {
        if (over.signal.aborted) return;
        const seen = attempt();
        if (seen !== null) end(() => resolve(seen));
      });
    const onAbort = () => end(() => reject(context.signal.reason));
    if (context.signal.aborted) return onAbort();
    context.signal.addEventListener('abort', onAbort, { once: true });
    const onTime = () => {
      const seen = attempt();
      end(() => resolve(seen));
    };
    if (draining?.aborted) return onTime();
    draining?.addEventListener('abort', onTime, { once: true });
    disposers.push(
      () => context.signal.removeEventListener('abort', onAbort),
      control.onChange((id) => id === sessionId && look()),
      broker.onEnded((session) => {
        if (session.sessionId === sessionId)
          end(() => reject(new WheelhouseError('session_gone', 'The session ended.')));
      }),
      () => draining?.removeEventListener('abort', onTime),
      clock.after(ms, onTime),
    );
    for (const id of helpIds) attention.wait(id, ms, over.signal).then(look, () => {});
  });
}
