import { z } from 'zod';
import { pixel, settle } from '../fields';
import { actTool } from '../tool';

export const moveMouse = actTool({
  kind: 'act',
  name: 'move_mouse',
  title: 'Move the pointer',
  description: 'Moves the pointer to a position on the screen, without pressing a button.',
  input: z.strictObject({ x: pixel('Pixels from the left'), y: pixel('Pixels from the top'), settle }),
  destructive: false,
  words: ({ x, y }) => `Moved the pointer to **${x}, ${y}**`,
  point: ({ x, y }) => ({ x, y }),
  area: ({ x, y }) => [{ x, y, width: 1, height: 1 }],
  async run(context, { x, y }) {
    await (await context.hub()).move(context.epoch, x, y);
    return { structured: { x, y }, text: `Pointer at ${x}, ${y}.` };
  },
});
