import { randomBytes } from 'node:crypto';
import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import { connectGuest, openRfb } from '../../guest/index';
import type { GuestClient } from '../../guest/types';
import type { LinkTarget } from '../backend';
import { RfbGlance } from './rfbGlance';
import { sampleCpu, cpuPercent } from './stats';

/** Milliseconds, each from the end of what comes before it. */
const checkMs = { link: 90_000, session: 60_000, picture: 20_000, typing: 30_000, settled: 120_000 } as const;
/** Percent of one core below which a desktop is at rest, for so many looks of a second in a row. */
const restPercent = 20;
const restLooks = 3;
const plainColours = 3;

/** Tries until it gives something; fails at the deadline with what was missing. */
async function until<T>(what: string, ms: number, signal: AbortSignal, attempt: () => Promise<T | null>): Promise<T> {
  let last: unknown;
  for (const giveUpAt = performance.now() + ms; ; await sleep(100, signal)) {
    signal.throwIfAborted();
    try {
      const found = await attempt();
      if (found !== null) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() > giveUpAt) {
      throw new WheelhouseError(
        'guest_failed',
        `A fresh desktop is not as it should be: ${what}.`,
        {},
        { cause: last },
      );
    }
  }
}

/**
 * Whether a freshly booted desktop is whole: a saved state is copied exactly, its faults too. The agent answers, the
 * session runs, the screen shows more than one colour, and what is typed arrives. Throws guest_failed with what was missing. Leaves nothing behind in the machine and no connection to it.
 */
export async function checkDesktop(target: LinkTarget, signal: AbortSignal): Promise<void> {
  const guest = await until('its agent does not answer', checkMs.link, signal, () => connectGuest(target, signal));
  try {
    await until('its session does not run', checkMs.session, signal, async () => {
      const { screenReady, sessionReady } = await guest.health();
      return screenReady && sessionReady ? true : null;
    });
    await until('its screen shows no picture', checkMs.picture, signal, async () => {
      const glance = await RfbGlance.open(
        await openRfb(target, signal),
        AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      );
      try {
        return (await glance.colours()) > plainColours ? true : null;
      } finally {
        glance.close();
      }
    });
    await typingWorks(guest, target, signal);
  } finally {
    guest.close();
  }
}

/** A terminal that waits for a line puts it into a file: the line is typed on the screen and read by the agent. */
async function typingWorks(guest: GuestClient, target: LinkTarget, signal: AbortSignal): Promise<void> {
  const path = `/tmp/typed-${randomBytes(4).toString('hex')}`;
  const title = 'Typing check';
  const script = `read line; printf %s "$line" > ${path}`;
  await guest.launch({ epoch: 0, path: 'xterm', args: ['-title', title, '-e', 'sh', '-c', script] });
  try {
    await until('no window opens', checkMs.typing, signal, async () =>
      (await guest.listWindows()).some((window) => window.title === title) ? true : null,
    );
    await guest.activateWindow({ epoch: 0, title });
    const glance = await RfbGlance.open(await openRfb(target, signal), signal);
    try {
      await sleep(500, signal);
      glance.type('Wheelhouse 42');
      await until('what is typed does not arrive', checkMs.typing, signal, async () =>
        (await guest.readFile(path)).toString() === 'Wheelhouse 42' ? true : null,
      );
    } finally {
      glance.close();
    }
  } finally {
    await guest.exec({
      epoch: 0,
      command: `rm -f ${path}; pkill -f '^xterm -title ${title}'; true`,
      timeoutMs: 10_000,
    });
  }
}

/** Waits until the machine's processor has little to do. Where the system does not tell, for as long as a boot needs. */
export async function settled(pid: number, signal: AbortSignal): Promise<void> {
  let before = sampleCpu(pid);
  if (before === null) return sleep(16_000, signal);
  let calm = 0;
  for (const giveUpAt = performance.now() + checkMs.settled; calm < restLooks;) {
    await sleep(1000, signal);
    const after = sampleCpu(pid);
    if (after === null) throw new WheelhouseError('guest_failed', 'The machine ended while it was checked.');
    calm = cpuPercent(before, after) < restPercent ? calm + 1 : 0;
    before = after;
    if (performance.now() > giveUpAt) {
      throw new WheelhouseError('guest_failed', 'A fresh desktop does not come to rest.');
    }
  }
}
