import { z } from 'zod';
import { actTool } from '../tool';
import { count } from '../words';

export const clipboardWrite = actTool({
  kind: 'act',
  asksAgent: true,
  name: 'clipboard_write',
  title: 'Write the clipboard',
  description: 'Puts text on the desktop\'s clipboard. Paste it with press_keys ["ctrl","v"].',
  input: z.strictObject({
    text: z.string().max(262_144),
    settle: z.boolean().default(false).describe('Also wait until the picture is still'),
  }),
  destructive: false,
  words: ({ text }) => `Put **${count([...text].length, 'character')}** on the clipboard`,
  async run(context, { text }) {
    await context.live.guest.clipboardWrite({ epoch: context.epoch, text });
    const characters = [...text].length;
    return { structured: { characters }, text: `${count(characters, 'character')} on the clipboard.` };
  },
});
