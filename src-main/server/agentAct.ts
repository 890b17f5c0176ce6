import type { Session } from '@shared/session';
import type { Caller } from '../base/caller';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { CheckpointActor } from '../checkpoints/types';
import type { Services } from './services';

interface Act {
  tool: string;
  arguments: Record<string, unknown>;
  words: string;
}

/**
 * What a caller does to a session, as whom it is. People act under their own name and the rooms record it. An agent acts
 * as it does by its tools: admitted under the current epoch (control_held, control_paused), not before it has read what a
 * person did meanwhile (stale_epoch), recorded before it runs.
 */
export async function asCaller<T>(
  { control, timeline }: Pick<Services, 'control' | 'timeline'>,
  session: Session,
  caller: Caller,
  act: Act,
  run: (by: CheckpointActor) => Promise<T>,
): Promise<T> {
  if (caller.role !== 'agent') {
    return run({ kind: 'operator', operator: { name: caller.name, admin: caller.role === 'admin' } });
  }
  const { sessionId } = session;
  const name = session.agent || 'Agent';
  const admission = control.admit(sessionId);
  try {
    if (control.handbackWaits(sessionId)) {
      // As for its tools: what it decided before a person worked here could undo that person's work.
      throw new WheelhouseError(
        'stale_epoch',
        'A person worked here since this agent last looked. The note is in the answer to its next tool call.',
        { unread: true },
      );
    }
    const row = timeline.begin({
      sessionId,
      actor: { kind: 'agent', name },
      epoch: admission.epoch,
      ...act,
      point: null,
    });
    try {
      const done = await run({ kind: 'agent', name, epoch: admission.epoch });
      row.finish({ outcome: 'done' });
      return done;
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      row.finish({
        outcome: error.code === 'stale_epoch' ? 'refused' : 'failed',
        code: error.code,
        message: error.message,
      });
      throw error;
    }
  } finally {
    admission.done();
  }
}
