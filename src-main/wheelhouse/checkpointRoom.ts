import { within } from '../base/deadline';
import { createCheckpoints, type CheckpointDeps, type CheckpointService } from '../checkpoints';
import { readTools } from '../channel';
import type { Relay } from '../screen';
import type { ScreenHub } from '../screen/types';
import type { HumanRecorder } from '../timeline';

/** A checkpoint's picture is worth a moment, not a wait. */
const pictureMs = 1_500;

/** The checkpoints, tied to the screens: their pictures, and what becomes of screens and viewers when a machine goes back. */
export function createCheckpointRoom(
  deps: Omit<CheckpointDeps, 'screens' | 'changes'> & {
    hubFor(sessionId: string): Promise<ScreenHub>;
    renew<T>(sessionId: string, work: () => Promise<T>): Promise<T>;
    relay: Pick<Relay, 'drop'>;
    /** Viewers that are cut off here have not left: a hold must not begin to lapse. Returns its end. */
    cutOff(sessionId: string): () => void;
    human: Pick<HumanRecorder, 'flush'>;
  },
): CheckpointService {
  const { hubFor, renew, relay, cutOff, human, ...rest } = deps;
  return createCheckpoints({
    ...rest,
    screens: {
      async frame(sessionId) {
        const picture = hubFor(sessionId).then((hub) => hub.frame());
        try {
          const frame = await within(picture, pictureMs, 'The picture of a checkpoint');
          frame.png.catch(() => {});
          return frame;
        } catch (error) {
          deps.logger.info({ err: error, sessionId }, 'no picture for a checkpoint');
          return null;
        }
      },
      renew: (sessionId, work) =>
        renew(sessionId, async () => {
          human.flush(sessionId);
          const over = cutOff(sessionId);
          relay.drop((viewer) => viewer.sessionId === sessionId, 'the machine goes back to a checkpoint');
          return work().finally(over);
        }),
    },
    // What looks, and what is about control, sessions and checkpoints themselves, changed nothing that could be undone.
    changes: (tool) => !readTools.has(tool) && !/^(control|session|checkpoint)[._]/.test(tool),
  });
}
