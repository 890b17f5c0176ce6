import { z } from 'zod';
import { idSchema } from '@shared/ids';
import { actTool } from '../tool';
import { target } from '../words';

export const checkpointRestore = actTool({
  kind: 'act',
  name: 'checkpoint_restore',
  title: 'Go back to a checkpoint',
  description:
    'Puts the whole desktop back to a checkpoint: files, windows, programs and memory are as they were, and everything after it is undone, also what people did. Nothing outside the desktop is undone. Afterwards every earlier observation is stale: take a fresh screenshot.',
  input: z.strictObject({ checkpointId: idSchema.describe('From checkpoint_create or checkpoint_list') }),
  destructive: true,
  renewsScreen: true,
  deadlineMs: () => 90_000,
  words: () => 'Went back to a checkpoint',
  async run(context, { checkpointId }) {
    const { sessionId } = context.live.session;
    const by = { kind: 'agent', name: context.agent, epoch: context.epoch } as const;
    const { name, createdAt } = await context.deps.checkpoints.restore(sessionId, checkpointId, by);
    return {
      structured: { checkpointId, name, createdAt },
      text: `The desktop is as it was at ${createdAt} (checkpoint “${name}”). Everything after that is undone, and your earlier observations are stale: take a fresh screenshot before you go on.`,
      words: `Went back to checkpoint ${target(name)}`,
    };
  },
});
