import { z } from 'zod';
import { readTool } from '../tool';

export const checkpointList = readTool({
  kind: 'read',
  name: 'checkpoint_list',
  title: 'List checkpoints',
  description:
    'The saved checkpoints of this desktop, oldest first, with the id that checkpoint_restore takes. People and the pool’s rules save some too.',
  input: z.strictObject({}),
  looks: false,
  awake: false,
  record: 'never',
  words: () => 'Asked for the checkpoints',
  async run(context) {
    const checkpoints = context.deps.checkpoints
      .list(context.live.session.sessionId)
      .map(({ checkpointId, name, cause, createdBy, createdAt, state, reason }) => ({
        checkpointId,
        name,
        cause,
        createdBy,
        createdAt,
        state,
        ...(reason !== null && { reason }),
      }));
    const text = checkpoints.length === 0 ? 'There are no checkpoints yet.' : JSON.stringify(checkpoints);
    return { structured: { checkpoints }, text };
  },
});
