import type { Checkpoint, CheckpointCause } from '@shared/checkpoint';
import { asWheelhouseError } from '../base/errors';
import { toCheckpoint, type CheckpointRow } from '../store/checkpoints';
import type { OpenAction } from '../timeline/types';
import { makeRoom } from './bounds';
import type { CheckpointDeps, CheckpointLimits } from './deps';
import type { Shelf } from './shelf';
import type { CheckpointActor } from './types';
import { quoted, timeName } from './words';

export interface SaveRequest {
  sessionId: string;
  /** `policy`: nobody asked, the pool wants it; on whose account is in the words. */
  by: CheckpointActor | { kind: 'policy'; words: string };
  name?: string | undefined;
  cause: CheckpointCause;
}

/**
 * One checkpoint: room is made, the intent is stored, the machine saved, the outcome stored. Whatever goes wrong after
 * the intent leaves a row that says so and nothing on disk; the machine goes on in every case.
 */
export async function save(
  deps: CheckpointDeps,
  limits: CheckpointLimits,
  shelf: Shelf,
  { sessionId, by, name: given, cause }: SaveRequest,
  closing: AbortSignal,
): Promise<Checkpoint> {
  const { broker, control, timeline, clock, logger } = deps;
  const { keep } = broker.pools.get(broker.sessions.get(sessionId).poolId).checkpoints;
  const bounds = { sessionId, byAgent: by.kind === 'agent', keep, maxBytes: limits.bytes, spared: shelf.spared };
  const going = makeRoom(shelf.store.all(), bounds);
  const { machineId, backend } = broker.machineOf(sessionId);
  const picture = await deps.screens.frame(sessionId);
  for (const row of going) if (row.state === 'failed') shelf.remove(row);

  const now = clock.now();
  const name = given ?? timeName(now);
  // The agent's own call is on record already.
  const noted: OpenAction | null =
    by.kind === 'agent'
      ? null
      : timeline.begin({
          sessionId,
          actor:
            by.kind === 'operator' ? { kind: 'human', name: by.operator.name } : { kind: 'broker', name: 'Wheelhouse' },
          epoch: control.state(sessionId).epoch,
          tool: 'checkpoint.create',
          arguments: { name, cause },
          words:
            by.kind === 'operator'
              ? `**${by.operator.name}** saved checkpoint ${quoted(name)}`
              : `Saved checkpoint ${quoted(name)} ${by.words}`,
          point: null,
        });
  const id = deps.ids.make('k');
  try {
    shelf.store.insert({
      id,
      session_id: sessionId,
      machine_id: machineId,
      backend: backend.kind,
      name,
      cause,
      created_by: createdBy(by),
      created_at: now,
      after_action_id: noted?.id ?? timeline.list(sessionId, { limit: 1, order: 'desc' }).data[0]?.id ?? null,
    });
    shelf.announce(id);
    if (picture) {
      noted?.before(picture);
      void picture.png
        .then((png) => timeline.frames.put(png))
        .then((hash) => shelf.store.setFrame(id, hash) && shelf.announce(id))
        .catch((error: unknown) =>
          logger.warn({ err: error, checkpointId: id }, 'a checkpoint stays without a picture'),
        );
    }
    const signal = AbortSignal.any([closing, AbortSignal.timeout(limits.saveMs)]);
    const { bytes } = await broker.saveMachine(sessionId, id, signal);
    shelf.store.ready(id, bytes);
    // Not before: one that fails costs none of the others.
    for (const row of going) if (row.state !== 'failed' && !shelf.spared.has(row.id)) shelf.remove(row);
    shelf.announce(id);
    noted?.finish({ outcome: 'done' });
    return toCheckpoint(shelf.store.get(id) as CheckpointRow);
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    shelf.store.failed(id, error.message);
    shelf.dropFiles(id, backend.kind);
    shelf.announce(id);
    noted?.finish({ outcome: 'failed', code: error.code, message: error.message });
    throw error;
  }
}

function createdBy(by: SaveRequest['by']): string {
  if (by.kind === 'policy') return 'Wheelhouse';
  return by.kind === 'agent' ? by.name : by.operator.name;
}
