import { z } from 'zod';
import { button, pixel, settle } from '../fields';
import { actTool } from '../tool';

export const dragMouse = actTool({
  kind: 'act',
  name: 'drag_mouse',
  title: 'Drag',
  description: 'Presses a button at the start, moves to the end with it held, and lets go there.',
  input: z.strictObject({
    startX: pixel('Start, pixels from the left'),
    startY: pixel('Start, pixels from the top'),
    endX: pixel('End, pixels from the left'),
    endY: pixel('End, pixels from the top'),
    button,
    settle,
  }),
  destructive: true,
  words: (args) => `Dragged from ${args.startX}, ${args.startY} to **${args.endX}, ${args.endY}**`,
  point: ({ endX, endY }) => ({ x: endX, y: endY }),
  area: (args) => [
    { x: args.startX, y: args.startY, width: 1, height: 1 },
    { x: args.endX, y: args.endY, width: 1, height: 1 },
  ],
  async run(context, { startX, startY, endX, endY, button: which }) {
    await (await context.hub()).drag(context.epoch, { x: startX, y: startY }, { x: endX, y: endY }, which);
    return { structured: { startX, startY, endX, endY, button: which }, text: `Dragged to ${endX}, ${endY}.` };
  },
});
