import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

/** How long a person who pressed "Branch" waits for the new machine. */
const branchMs = 60_000;

export function checkpointHandlers({ checkpoints, operator }: Rooms) {
  const by = { kind: 'operator', operator } as const;
  return {
    'checkpoints.list': ({ sessionId }) => checkpoints.list(sessionId),
    'checkpoints.create': ({ sessionId, name }) => checkpoints.create(sessionId, by, { name }),
    'checkpoints.restore': ({ sessionId, checkpointId, force }) =>
      checkpoints.restore(sessionId, checkpointId, by, { force }),
    'checkpoints.branch': ({ sessionId, checkpointId, name }) =>
      checkpoints.branch(sessionId, checkpointId, operator, { name }, AbortSignal.timeout(branchMs)),
    'checkpoints.remove': async ({ sessionId, checkpointId }) => {
      await checkpoints.remove(sessionId, checkpointId, by);
      return null;
    },
  } satisfies Partial<Handlers>;
}
