import { z } from 'zod';
import { actTool } from '../tool';
import { target } from '../words';

export const checkpointCreate = actTool({
  kind: 'act',
  name: 'checkpoint_create',
  title: 'Save a checkpoint',
  description:
    'Saves the whole desktop as it is now: files, windows, running programs, memory. Do it before a step that could go wrong; checkpoint_restore brings you back here. The desktop stands still for about a second. A session keeps only a few checkpoints, and they end with it. Not every desktop can: not_supported says so.',
  input: z.strictObject({
    name: z.string().trim().min(1).max(80).optional().describe('What this moment is, for example "before the form"'),
  }),
  destructive: false,
  deadlineMs: () => 120_000,
  words: ({ name }) => (name === undefined ? 'Saved a checkpoint' : `Saved checkpoint ${target(name)}`),
  async run(context, { name }) {
    const { sessionId } = context.live.session;
    const by = { kind: 'agent', name: context.agent, epoch: context.epoch } as const;
    const { checkpointId, ...saved } = await context.deps.checkpoints.create(sessionId, by, { name });
    return {
      structured: { checkpointId, name: saved.name, createdAt: saved.createdAt },
      text: `Saved as checkpoint ${checkpointId} (“${saved.name}”). checkpoint_restore with this id undoes everything after it.`,
      words: `Saved checkpoint ${target(saved.name)}`,
    };
  },
});
