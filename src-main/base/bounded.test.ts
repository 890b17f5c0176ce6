import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { bounded } from './bounded';
import { parseInput } from './parse';

const parent = () => new AbortController();

test('gives the result and leaves nothing on the parent', async () => {
  const { signal } = parent();
  expect(await bounded('Work', 1000, signal, async () => 7)).toBe(7);
  await expect(bounded('Work', 1000, signal, async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('is late in words and with a code, also for work that ignores its signal', async () => {
  let seen: AbortSignal | undefined;
  const work = bounded(
    'Digging',
    20,
    undefined,
    (signal) => {
      seen = signal;
      return new Promise(() => {});
    },
    'guest_timeout',
  );
  await expect(work).rejects.toMatchObject({ code: 'guest_timeout', message: 'Digging took longer than 20 ms.' });
  expect(seen?.aborted).toBe(true);
});

test('follows its parent, before and during the work', async () => {
  const owner = parent();
  const work = bounded('Work', 1000, owner.signal, () => new Promise(() => {}));
  owner.abort(new Error('stopped'));
  await expect(work).rejects.toThrow('stopped');
  let ran = false;
  await expect(bounded('Work', 1000, owner.signal, async () => (ran = true))).rejects.toThrow('stopped');
  expect(ran).toBe(false);
});

test('bad input is told by path', () => {
  const schema = z.strictObject({ size: z.object({ width: z.int() }) });
  expect(parseInput(schema, { size: { width: 3 } }, 'It')).toEqual({ size: { width: 3 } });
  expect(() => parseInput(schema, { size: { width: 'x' }, more: 1 }, 'It')).toThrow(
    expect.objectContaining({
      code: 'bad_request',
      data: { details: [expect.objectContaining({ path: 'size.width' }), expect.objectContaining({ path: '' })] },
    }),
  );
});
