import type { Action } from '@shared/action';
import { iso } from '../base/clock';
import type { ActionRow } from '../store/actions';

/** A stored row as the world sees it. */
export function toAction(row: ActionRow): Action {
  return {
    id: row.id,
    sessionId: row.session_id,
    at: iso(row.at),
    actor: { kind: row.actor_kind as Action['actor']['kind'], name: row.actor_name },
    epoch: row.epoch,
    tool: row.tool,
    arguments: JSON.parse(row.arguments) as Record<string, unknown>,
    words: row.outcome_words ?? row.words,
    outcome: row.outcome as Action['outcome'],
    code: row.code,
    message: row.message,
    durationMs: row.duration_ms,
    point: row.point_x === null || row.point_y === null ? null : { x: row.point_x, y: row.point_y },
    frameBefore: row.frame_before,
    frameAfter: row.frame_after,
    previousHash: row.previous_hash,
    hash: row.hash,
    outcomeHash: row.outcome_hash,
  };
}
