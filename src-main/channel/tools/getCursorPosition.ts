import { z } from 'zod';
import { readTool } from '../tool';

export const getCursorPosition = readTool({
  kind: 'read',
  name: 'get_cursor_position',
  title: 'Where the pointer is',
  description: 'The position of the pointer on the screen, in pixels.',
  input: z.strictObject({}),
  looks: true,
  record: 'never',
  words: () => 'Asked where the pointer is',
  async run(context) {
    const { x, y } = (await context.hub()).cursor();
    return { structured: { cursorX: x, cursorY: y } };
  },
});
