import type { Session } from '@shared/session';
import { asWheelhouseError } from '../base/errors';
import type { Operator } from '../control/types';
import type { CheckpointRow } from '../store/checkpoints';
import type { CheckpointDeps, CheckpointLimits } from './deps';
import { quoted } from './words';

/** A new session of the same pool, its operator's own, on a machine that goes on from the checkpoint. On both records. */
export async function branch(
  { broker, control, timeline }: CheckpointDeps,
  limits: CheckpointLimits,
  { session, row, by, name }: { session: Session; row: CheckpointRow; by: Operator; name: string },
  signal: AbortSignal,
): Promise<Session> {
  const { sessionId, poolId } = session;
  const actor = { kind: 'human', name: by.name } as const;
  const entry = timeline.begin({
    sessionId,
    actor,
    epoch: control.state(sessionId).epoch,
    tool: 'checkpoint.branch',
    arguments: { checkpointId: row.id, name: row.name },
    words: `**${by.name}** starts another session from checkpoint ${quoted(row.name)}`,
    point: null,
  });
  try {
    const made = await broker.acquire(
      {
        poolId,
        caller: { tokenId: 'window', name: by.name, role: by.admin ? 'admin' : 'operator', pools: [] },
        name: name.trim() || `${session.name} from ${quoted(row.name)}`.slice(0, 120),
        agent: '',
        waitMs: 30_000,
        fromCheckpoint: { checkpointId: row.id, machineId: row.machine_id },
      },
      AbortSignal.any([signal, AbortSignal.timeout(limits.branchMs)]),
    );
    entry.finish({
      outcome: 'done',
      words: `**${by.name}** started session ${quoted(made.name)} from checkpoint ${quoted(row.name)}`,
    });
    timeline.note({
      sessionId: made.sessionId,
      actor,
      epoch: control.state(made.sessionId).epoch,
      tool: 'checkpoint.branch',
      arguments: { checkpointId: row.id, from: sessionId },
      words: `Goes on from checkpoint ${quoted(row.name)} of ${quoted(session.name)}`,
      point: null,
    });
    return made;
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    entry.finish({ outcome: 'failed', code: error.code, message: error.message });
    throw error;
  }
}
