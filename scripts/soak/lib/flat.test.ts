import { expect, test } from 'vitest';
import { judge, type Sample } from './flat';

const sample = (n: number, more: Partial<Sample> = {}): Sample => ({
  ...{ cycles: n, heapMiB: 40, rssMiB: 150, descriptors: 40, timers: 12, walMiB: 2 },
  ...{ machines: 1, containers: 0, volumes: 0, ...more },
});
const run = (of: (n: number) => Partial<Sample>): Sample[] => Array.from({ length: 12 }, (_, n) => sample(n, of(n)));

test('a flat run is flat, also after warming up and with noise', () => {
  expect(judge(run(() => ({})))).toEqual([]);
  expect(judge(run((n) => ({ heapMiB: n < 2 ? 10 : 40 + (n % 2), descriptors: 40 + (n % 3) })))).toEqual([]);
});
test('what grows a little with every cycle is found, and what is above its bound once', () => {
  expect(judge(run((n) => ({ descriptors: 40 + n })))).toEqual(['descriptors grew from 43 to 50, more than 6']);
  expect(judge(run((n) => ({ timers: 10 + n, heapMiB: 30 + 3 * n })))).toHaveLength(2);
  expect(judge(run((n) => ({ containers: n === 5 ? 4 : 1 })))).toEqual(['containers reached 4, more than 3']);
});
