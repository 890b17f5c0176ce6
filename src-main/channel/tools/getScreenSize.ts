import { z } from 'zod';
import { readTool } from '../tool';

export const getScreenSize = readTool({
  kind: 'read',
  name: 'get_screen_size',
  title: 'Screen size',
  description: 'The size of the screen in pixels. Also keeps the session alive: call it when you are idle for long.',
  input: z.strictObject({}),
  looks: false,
  record: 'never',
  words: () => 'Asked for the size of the screen',
  async run(context) {
    const { width, height } = (await context.hub()).size;
    return { structured: { width, height } };
  },
});
