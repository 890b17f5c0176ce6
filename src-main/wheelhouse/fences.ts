import { within } from '../base/deadline';
import type { Logger } from '../base/logger';
import type { LiveSession } from '../broker/types';
import type { Fences } from '../control/types';
import type { ScreenHub } from '../screen/types';

/** The takeover diff is worth a moment, not a wait. */
const lookMs = 1_500;

/** What a change of hands does to the machine: the screen and the in-guest agent stop taking anything older, at once. */
export function createFences(options: {
  /** Its machine as it is; rejects for a suspended session, which is not resumed for this. */
  connect(sessionId: string): Promise<LiveSession>;
  /** It is suspended: there is no machine to shut off, to stop or to look at. */
  isAway(sessionId: string): boolean;
  /** The hub if there is one, opened or opening. */
  currentHub(sessionId: string): Promise<ScreenHub> | undefined;
  hubFor(sessionId: string): Promise<ScreenHub>;
  /** Lets go of what viewers hold down. */
  releaseInput(sessionId: string): void | Promise<void>;
  freeze(sessionId: string): Promise<void>;
  thaw(sessionId: string): Promise<void>;
  putFrame(png: Buffer): Promise<string>;
  logger: Logger;
}): Fences {
  const { connect, isAway, currentHub, hubFor, releaseInput, putFrame, logger } = options;

  const fenceScreen = async (sessionId: string, epoch: number): Promise<void> => {
    // Nobody opened the screen yet: whoever does opens it at the new epoch.
    const hub = await currentHub(sessionId)?.catch(() => undefined);
    await hub?.setEpoch(epoch);
  };
  const fenceGuest = async (sessionId: string, epoch: number): Promise<void> => {
    const { guest, session } = await connect(sessionId);
    // Without an agent inside there is only the screen to shut off.
    if (session?.machine?.guestAgent !== false) await guest.setEpoch(epoch);
  };
  const tellScreen = async (sessionId: string, frozen: boolean): Promise<void> => {
    const hub = await currentHub(sessionId)?.catch(() => undefined);
    await hub?.setFrozen?.(frozen).catch((error: unknown) => {
      logger.info({ err: error, sessionId, frozen }, 'a screen was not told that its machine stops or goes on');
    });
  };

  return {
    async raise(sessionId, epoch) {
      if (isAway(sessionId)) return;
      await Promise.all([releaseInput(sessionId), fenceScreen(sessionId, epoch), fenceGuest(sessionId, epoch)]);
    },
    async freeze(sessionId) {
      if (isAway(sessionId)) return;
      // The screen first: what waits for the server then would wait for as long as the machine is stopped.
      void tellScreen(sessionId, true);
      await options.freeze(sessionId);
    },
    async thaw(sessionId) {
      if (isAway(sessionId)) return;
      await options.thaw(sessionId);
      await tellScreen(sessionId, false);
    },
    async look(sessionId) {
      if (isAway(sessionId)) return { frame: null, windows: [] };
      const picture = async (): Promise<string> => {
        const frame = await (await hubFor(sessionId)).frame();
        return putFrame(await frame.png);
      };
      const titles = async (): Promise<string[]> => {
        const { guest, session } = await connect(sessionId);
        if (session?.machine?.guestAgent === false) return [];
        const windows = await guest.listWindows();
        return windows.map((window) => window.title);
      };
      const orElse = async <T>(work: Promise<T>, fallback: T): Promise<T> => {
        try {
          return await within(work, lookMs, 'Looking at the machine');
        } catch (error) {
          logger.info({ err: error, sessionId }, 'no look at a change of hands');
          return fallback;
        }
      };
      const [frame, windows] = await Promise.all([
        orElse<string | null>(picture(), null),
        orElse<string[]>(titles(), []),
      ]);
      return { frame, windows };
    },
  };
}
