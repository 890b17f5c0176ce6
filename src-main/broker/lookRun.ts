import { bounded } from '../base/bounded';
import type { LinkTarget } from '../sandbox/backend';
import type { Core } from './core';

export interface Ran {
  output: string;
  exitCode: number | null;
  truncated: boolean;
}

/** Milliseconds to open the link, beside the command's own time. */
const openMs = 3000;

/** By a link of its own, under the epoch that the machine is at: nobody else acts there any more. */
export async function runByLink(core: Core, target: LinkTarget, command: string, timeoutMs: number): Promise<Ran> {
  return bounded(
    'Running the command',
    timeoutMs + openMs,
    core.stopping.signal,
    async (signal) => {
      const guest = await core.options.connectGuest(target, signal);
      try {
        signal.throwIfAborted();
        const { epoch } = await guest.health(openMs);
        const done = await guest.exec({ epoch, command, timeoutMs }, signal);
        const ended = done.timedOut ? `\n[Ended after ${timeoutMs} ms.]` : '';
        const output = [done.stdout, done.stderr].filter((part) => part !== '').join('\n') + ended;
        return { output, exitCode: done.exitCode, truncated: done.truncated };
      } finally {
        guest.close();
      }
    },
    'guest_timeout',
  );
}

/** The beginning that takes up at most so many bytes as UTF-8. */
export function cutText(text: string, bytes: number): { text: string; truncated: boolean } {
  const whole = Buffer.from(text, 'utf8');
  if (whole.byteLength <= bytes) return { text, truncated: false };
  // A character that the cut goes through is left out.
  return {
    text: whole
      .subarray(0, bytes)
      .toString('utf8')
      .replace(/\uFFFD$/u, ''),
    truncated: true,
  };
}
