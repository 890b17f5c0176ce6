import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { notches, pixel, settle } from '../fields';
import { actTool } from '../tool';

export const scroll = actTool({
  kind: 'act',
  name: 'scroll',
  title: 'Scroll',
  description:
    'Turns the wheel at a position. deltaY 3 scrolls three notches down, -3 up; deltaX likewise right and left.',
  input: z.strictObject({
    x: pixel('Pixels from the left'),
    y: pixel('Pixels from the top'),
    deltaX: notches('Notches, positive is right'),
    deltaY: notches('Notches, positive is down'),
    settle,
  }),
  destructive: false,
  words({ deltaX, deltaY }) {
    const steps = [
      ...(deltaY === 0 ? [] : [`${Math.abs(deltaY)} ${deltaY > 0 ? 'down' : 'up'}`]),
      ...(deltaX === 0 ? [] : [`${Math.abs(deltaX)} ${deltaX > 0 ? 'right' : 'left'}`]),
    ];
    return `Scrolled **${steps.join(', ')}**`;
  },
  point: ({ x, y }) => ({ x, y }),
  area({ x, y, deltaX, deltaY }) {
    if (deltaX === 0 && deltaY === 0) throw new WheelhouseError('bad_request', 'Give deltaX or deltaY; both are 0.');
    return [{ x, y, width: 1, height: 1 }];
  },
  async run(context, { x, y, deltaX, deltaY }) {
    await (await context.hub()).scroll(context.epoch, { x, y }, deltaX, deltaY);
    return { structured: { x, y, deltaX, deltaY }, text: `Scrolled at ${x}, ${y}.` };
  },
});
