import type { Action } from '@shared/action';
import type { Checkpoint } from '@shared/checkpoint';
import type { Session } from '@shared/session';
import { useMemo, useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { upsert } from '../../lib/live';
import { keys, queryClient, useCheckpoints } from '../../lib/queries';
import { lastRewind, lineage } from '../timeline/lineage';
import { useActions } from '../timeline/useTimeline';
import type { CheckpointVerb } from './CheckpointCard';
import { lastFrame, rewinding, support } from './model';

export interface Failure {
  of: 'save' | 'rewind' | 'remove';
  text: string;
}

/** What can be done with a session's checkpoints, and what is under way, by whoever. */
export function useCheckpointActions(session: Session) {
  const { sessionId } = session;
  const can = support(session);
  const list = useCheckpoints(sessionId, can.kind === 'yes').data;
  const checkpoints = list ?? [];
  const { actions, hasNextPage } = useActions(sessionId);
  const history = useMemo(() => lineage(actions, !hasNextPage, list), [actions, hasNextPage, list]);
  const rewoundAt = useMemo(() => lastRewind(actions), [actions]);
  const [asked, setAsked] = useState<{ verb: CheckpointVerb; checkpoint: Checkpoint } | null>(null);
  const [begun, setBegun] = useState<'save' | { name: string } | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  const run = async (of: Failure['of'], work: () => Promise<unknown>) => {
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure({ of, text: messageOf(error) });
    } finally {
      setBegun(null);
    }
  };
  const save = (name: string) => {
    setBegun('save');
    return run('save', async () => {
      const made = await call('checkpoints.create', { sessionId, ...(name === '' ? {} : { name }) });
      queryClient.setQueryData<Checkpoint[]>(
        keys.checkpoints(sessionId),
        (list) => list && upsert(list, made, (each) => each.checkpointId),
      );
    });
  };
  const rewind = ({ checkpointId, name }: Checkpoint, force: boolean) => {
    setBegun({ name });
    return run('rewind', () => call('checkpoints.restore', { sessionId, checkpointId, ...(force ? { force } : {}) }));
  };
  const remove = ({ checkpointId }: Checkpoint) => call('checkpoints.remove', { sessionId, checkpointId });
  const ask = (verb: CheckpointVerb, checkpoint: Checkpoint) => {
    // There is nothing in a failed one that could be lost.
    if (verb === 'remove' && checkpoint.state === 'failed') void run('remove', () => remove(checkpoint));
    else setAsked({ verb, checkpoint });
  };
  const goingBack =
    begun !== null && begun !== 'save' ? begun : session.endedAt === null ? rewinding(actions, checkpoints) : null;
  const saving = begun === 'save' || checkpoints.some((each) => each.state === 'saving');
  return {
    can,
    asked,
    ask,
    close: () => setAsked(null),
    save,
    rewind,
    remove,
    saving,
    goingBack,
    history,
    lastFrame: lastFrame(actions),
    /** Before the last rewind, if there was one: it says nothing of the screen as it is. */
    isPast: (action: Action | undefined) =>
      action !== undefined && rewoundAt !== null && Date.parse(action.at) < rewoundAt,
    busy: saving || goingBack !== null,
    failure,
    clearFailure: () => setFailure(null),
  };
}

export type CheckpointActions = ReturnType<typeof useCheckpointActions>;
