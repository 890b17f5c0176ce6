import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { button, pixel, settle } from '../fields';
import { actTool } from '../tool';

const input = z.strictObject({
  x: pixel('Pixels from the left; with y, or neither').optional(),
  y: pixel('Pixels from the top').optional(),
  button,
  clickCount: z.int().min(1).max(3).default(1).describe('2 for a double click, 3 for a triple click'),
  settle,
});

/** Where to click; null where the pointer is; bad_request when only one of the two is there. */
function place({ x, y }: z.output<typeof input>): { x: number; y: number } | null {
  if (x === undefined && y === undefined) return null;
  if (x === undefined || y === undefined) {
    throw new WheelhouseError('bad_request', 'Give both x and y, or neither to click where the pointer is.');
  }
  return { x, y };
}

const verbs = { 1: 'Clicked', 2: 'Double-clicked', 3: 'Triple-clicked' } as const;

export const click = actTool({
  kind: 'act',
  name: 'click',
  title: 'Click',
  description: 'Clicks at a position on the screen, or where the pointer is when x and y are left out.',
  input,
  destructive: true,
  words(args) {
    const at = place(args);
    const verb = verbs[args.clickCount as 1 | 2 | 3];
    const how = args.button === 'Left' ? '' : ` with the ${args.button.toLowerCase()} button`;
    return at ? `${verb} at **${at.x}, ${at.y}**${how}` : `${verb} where the pointer was${how}`;
  },
  point: place,
  area: (args) => {
    const at = place(args);
    return at ? [{ ...at, width: 1, height: 1 }] : [];
  },
  async run(context, args) {
    const hub = await context.hub();
    await hub.click(context.epoch, place(args), args.button, args.clickCount);
    const at = place(args) ?? hub.cursor();
    return {
      structured: { x: at.x, y: at.y, button: args.button, clickCount: args.clickCount },
      text: `Clicked at ${at.x}, ${at.y}.`,
    };
  },
});
