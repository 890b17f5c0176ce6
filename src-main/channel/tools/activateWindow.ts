import { z } from 'zod';
import { settle } from '../fields';
import { actTool } from '../tool';
import { target } from '../words';

export const activateWindow = actTool({
  kind: 'act',
  asksAgent: true,
  name: 'activate_window',
  title: 'Bring a window to the front',
  description: 'Brings the first window whose title contains the text to the front and gives it the keyboard.',
  input: z.strictObject({ title: z.string().min(1).max(512).describe('Part of the title'), settle }),
  destructive: false,
  words: ({ title }) => `Brought ${target(title)} to the front`,
  async run(context, { title }) {
    const window = await context.live.guest.activateWindow({ epoch: context.epoch, title });
    return { structured: { ...window }, words: `Brought ${target(window.title)} to the front` };
  },
});
