import { sleep } from '../../base/deadline';
import type { Logger } from '../../base/logger';
import { connectGuest, openRfb } from '../../guest/index';
import type { LinkTarget } from '../backend';

/** Milliseconds that a first command may take of a machine that is about to be parked. */
const warmMs = 5_000;
const hangUpMs = 150;

interface Steps {
  warm(target: LinkTarget, signal: AbortSignal): Promise<void>;
  hold(machineId: string, signal: AbortSignal): Promise<void>;
}

/**
 * Parks machines that nobody has had yet. Where processors are emulated, code is slow the first time: a machine that was
 * just made runs one command and lists its windows before it is stopped, in the background, so that its first user does
 * not wait for that. Whoever needs the machine meanwhile ends it first (`end`).
 */
export class Parking {
  private readonly fresh = new Set<string>();
  private readonly warming = new Map<string, { stop: AbortController; done: Promise<void> }>();

  constructor(
    private readonly steps: Steps,
    private readonly logger: Logger,
  ) {}

  /** It was just made from a saved desktop. */
  made(machineId: string): void {
    this.fresh.add(machineId);
  }
  isParking(machineId: string): boolean {
    return this.warming.has(machineId);
  }

  /** Stops the machine, or, the first time, begins what ends with its stop. Throws guest_failed, guest_timeout. */
  async park(target: LinkTarget, signal: AbortSignal): Promise<void> {
    const { machineId } = target;
    if (this.warming.has(machineId)) return;
    if (!this.fresh.delete(machineId)) return this.steps.hold(machineId, signal);
    const stop = new AbortController();
    const done = this.warmThenHold(target, stop.signal).finally(() => this.warming.delete(machineId));
    this.warming.set(machineId, { stop, done });
  }

  /** Resolves when nothing is done with the machine any more: it stands still, or runs if it was ended before that. */
  async end(machineId: string): Promise<void> {
    this.fresh.delete(machineId);
    const work = this.warming.get(machineId);
    work?.stop.abort(new Error('the machine is wanted'));
    await work?.done;
  }

  /** Stops at once what is not stopped yet. */
  async close(): Promise<void> {
    this.fresh.clear();
    const machines = [...this.warming.keys()];
    await Promise.all(machines.map((machineId) => this.end(machineId)));
    for (const machineId of machines) {
      await this.steps.hold(machineId, AbortSignal.timeout(warmMs)).catch(() => {});
    }
  }

  private async warmThenHold(target: LinkTarget, signal: AbortSignal): Promise<void> {
    const { machineId } = target;
    try {
      await this.steps.warm(target, AbortSignal.any([signal, AbortSignal.timeout(warmMs)]));
    } catch (error) {
      // It was checked a moment ago and is asked again when it is handed out: that it is slow now is no fault of it.
      if (!signal.aborted) this.logger.debug({ machineId, err: error }, 'a machine was not warmed up');
    }
    if (signal.aborted) return;
    try {
      await this.steps.hold(machineId, signal);
    } catch (error) {
      this.logger.warn({ machineId, err: error }, 'a machine could not be parked: it runs until it is handed out');
    }
  }
}

/** What a first user is likely to ask: a command, the windows, the screen. All of it is over when it resolves. */
export async function warmUp(target: LinkTarget, signal: AbortSignal): Promise<void> {
  const guest = await connectGuest(target, signal);
  try {
    const asked = (async () => {
      await guest.exec({ epoch: 0, command: 'true', timeoutMs: warmMs }, signal);
      await guest.listWindows();
      (await openRfb(target, signal)).destroy();
    })();
    await Promise.race([asked, aborted(signal)]);
  } finally {
    guest.close();
  }
  // The machine has to hear that the connections ended: QEMU's network is busy with them for as long as it has not.
  await sleep(hangUpMs, signal);
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
