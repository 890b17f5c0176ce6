import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { batch } from './batch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('hands over the newest of each key, once, in the order of their coming', () => {
  const seen: string[][] = [];
  const events = batch<{ id: string; n: number }>(
    (item) => item.id,
    (items) => seen.push(items.map(({ id, n }) => `${id}${n}`)),
  );
  events.add({ id: 'a', n: 1 });
  events.add({ id: 'b', n: 1 });
  events.add({ id: 'a', n: 2 });
  expect(seen).toEqual([]);
  vi.advanceTimersByTime(32);
  expect(seen).toEqual([['a2', 'b1']]);
  events.add({ id: 'c', n: 1 });
  vi.advanceTimersByTime(100);
  expect(seen).toEqual([['a2', 'b1'], ['c1']]);
});

it('hands over nothing once disposed of', () => {
  const handOver = vi.fn<(items: string[]) => void>();
  const events = batch<string>((item) => item, handOver);
  events.add('a');
  events.dispose();
  vi.advanceTimersByTime(100);
  expect(handOver).not.toHaveBeenCalled();
});
