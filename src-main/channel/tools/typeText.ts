import { z } from 'zod';
import { settle } from '../fields';
import { actTool } from '../tool';
import { count } from '../words';

export const typeText = actTool({
  kind: 'act',
  name: 'type_text',
  title: 'Type text',
  description:
    'Types text of any script into whatever has the keyboard focus. A line break presses Enter, a tab presses Tab. For key combinations use press_keys.',
  input: z.strictObject({ text: z.string().min(1).max(10_000), settle }),
  destructive: true,
  // Never the text itself: it may be a password.
  words: ({ text }) => `Typed **${count([...text].length, 'character')}**`,
  async run(context, { text }) {
    await (await context.hub()).typeText(context.epoch, text);
    const characters = [...text].length;
    return { structured: { characters }, text: `Typed ${count(characters, 'character')}.` };
  },
});
