import { z } from 'zod';
import { sleep } from '../../base/deadline';
import { readTool } from '../tool';

export const waitMilliseconds = readTool({
  kind: 'read',
  name: 'wait_milliseconds',
  title: 'Wait',
  description: 'Waits, at most 5000 ms, while the desktop goes on working. Longer times are cut to 5000.',
  input: z.strictObject({ ms: z.number().describe('Milliseconds, clamped to 0-5000') }),
  looks: false,
  record: 'after',
  words: ({ ms }) => `Waited **${clamp(ms) / 1000} s**`,
  async run(context, { ms }) {
    const waited = clamp(ms);
    await sleep(waited, context.signal);
    return { structured: { waitedMs: waited }, text: `Waited ${waited} ms.` };
  },
});

const clamp = (ms: number): number => Math.round(Math.min(5000, Math.max(0, ms)));
