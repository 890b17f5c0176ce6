import type { Checkpoint } from '@shared/checkpoint';
import type { Rewound } from '@shared/control';
import { iso } from '../base/clock';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { Operator } from '../control/types';
import { actionsAfter, toCheckpoint, type CheckpointRow } from '../store/checkpoints';
import type { CheckpointDeps, CheckpointLimits } from './deps';
import type { CheckpointActor } from './types';
import { quoted, undone } from './words';

/** What lies between the checkpoint and now. */
export function rewoundTo({ db, clock, changes }: CheckpointDeps, row: CheckpointRow): Rewound {
  const tools = actionsAfter(db, row.session_id, row.after_action_id, row.created_at);
  return {
    checkpointId: row.id,
    name: row.name,
    at: iso(row.created_at),
    undoneMs: Math.max(0, clock.now() - row.created_at),
    undoneActions: tools.reduce((sum, { tool, count }) => sum + (changes(tool) ? count : 0), 0),
  };
}

/**
 * The machine goes back, in place. The screen and its viewers are cut off first and nobody gets to the new machine before
 * its fences stand at the current epoch. When the old machine goes on (the restore failed) so does the session.
 */
async function goBack(
  deps: CheckpointDeps,
  limits: CheckpointLimits,
  row: CheckpointRow,
  closing: AbortSignal,
  mayBegin?: () => void,
): Promise<Rewound> {
  const to = rewoundTo(deps, row);
  const sessionId = row.session_id;
  await deps.screens.renew(sessionId, async () => {
    const signal = AbortSignal.any([closing, AbortSignal.timeout(limits.restoreMs)]);
    await deps.broker.restoreMachine(sessionId, row.id, signal, mayBegin);
    await deps.control.rewound(sessionId, to);
  });
  return to;
}

type Parts = [deps: CheckpointDeps, limits: CheckpointLimits, row: CheckpointRow];

/** Under the agent's admission; its call is on record already. */
export async function restoreByAgent(
  ...[deps, limits, row, by, closing]: [...Parts, Extract<CheckpointActor, { kind: 'agent' }>, AbortSignal]
): Promise<Checkpoint> {
  // Also when its turn comes: a person may have the machine by then, granted with nothing of the agent's under way.
  const mayBegin = (): void => {
    if (deps.control.state(row.session_id).epoch === by.epoch) return;
    throw new WheelhouseError('stale_epoch', 'Control changed hands on the way.');
  };
  mayBegin();
  await goBack(deps, limits, row, closing, mayBegin);
  return toCheckpoint(row);
}

/** Under the operator's own hold, or one taken for it and given back after: to the agent, or to the pause that it was in. */
export async function restoreByOperator(
  ...[deps, limits, row, operator, force, closing]: [...Parts, Operator, boolean, AbortSignal]
): Promise<Checkpoint> {
  const { control, timeline, screens } = deps;
  const { session_id: sessionId, name } = row;
  const held = control.holds(sessionId, operator.name);
  const wasPaused = control.state(sessionId).kind === 'paused';
  if (!held) await control.act(sessionId, operator, { action: 'take', force });
  try {
    const entry = timeline.begin({
      sessionId,
      actor: { kind: 'human', name: operator.name },
      epoch: control.state(sessionId).epoch,
      tool: 'checkpoint.restore',
      arguments: { checkpointId: row.id, name, afterActionId: row.after_action_id },
      words: `**${operator.name}** goes back to checkpoint ${quoted(name)}`,
      point: null,
    });
    try {
      const before = await screens.frame(sessionId);
      if (before) entry.before(before);
      const to = await goBack(deps, limits, row, closing);
      entry.finish({
        outcome: 'done',
        words: `**${operator.name}** went back to checkpoint ${quoted(name)}: ${undone(to)}`,
      });
      void screens.frame(sessionId).then((frame) => frame && entry.after(frame));
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      entry.finish({ outcome: 'failed', code: error.code, message: error.message });
      throw error;
    }
  } finally {
    if (!held && control.holds(sessionId, operator.name)) {
      await control
        .act(sessionId, operator, { action: 'release', leavePaused: wasPaused })
        .catch((error: unknown) =>
          deps.logger.warn({ err: error, sessionId }, 'control was not handed back after a rewind'),
        );
    }
  }
  return toCheckpoint(row);
}
