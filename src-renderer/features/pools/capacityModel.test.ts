import { capacityLimitsSchema, type Capacity } from '@shared/capacity';
import { expect, it } from 'vitest';
import { checkLimits, limitForm, limitsOf, limitWords, meters, shareWords } from './capacityModel';

const taken = (machines: number) => ({ machines, memoryMiB: machines * 2048, cpus: machines * 2 });
const capacity = (patch: Partial<Capacity> = {}): Capacity => ({
  limits: { machines: 12, memoryMiB: 32_768, cpus: null },
  defaults: { machines: null, memoryMiB: 52_428, cpus: 32 },
  host: { memoryMiB: 65_536, cpus: 16 },
  taken: taken(9),
  pools: [
    { poolId: 'a', taken: taken(6), share: null },
    { poolId: 'b', taken: taken(3), share: null },
  ],
  ...patch,
});

it('says what is taken of each limit, and whose part it is', () => {
  const [machines, memory, cpus] = meters(capacity(), 'b');
  expect(machines).toMatchObject({ words: '9 of 12', parts: { mine: 0.25, others: 0.5 }, full: false });
  expect(memory?.words).toBe('18 GB of 32 GB');
  expect(cpus).toMatchObject({ words: '18, no limit', parts: null });
  expect(meters(capacity(), null)[0]).toMatchObject({ parts: { mine: 0, others: 0.75 } });
});

it('never draws more than the whole bar, and says when a limit is reached', () => {
  const over = meters(capacity({ limits: { machines: 4, memoryMiB: null, cpus: null } }), 'a')[0];
  expect(over).toMatchObject({ parts: { mine: 1, others: 0 }, full: true });
  const empty = capacity({ limits: { machines: null, memoryMiB: null, cpus: null }, taken: taken(0), pools: [] });
  expect(meters(empty, 'a')[0]).toMatchObject({ words: '0, no limit', parts: null, full: false });
});

it('tells of a share only while it binds', () => {
  const scarce = (share: number) => capacity({ pools: [{ poolId: 'a', taken: taken(6), share }] });
  expect(shareWords(capacity(), 'a')).toBeNull();
  expect(shareWords(undefined, 'a')).toBeNull();
  expect(shareWords(scarce(6), 'a')).toBe('its share is 6');
  expect(shareWords(scarce(4), 'a')).toBe('2 above its share of 4');
});

it('reads limits as they were written, nothing as no limit', () => {
  const { limits } = capacity();
  expect(limitsOf(limitForm(limits))).toEqual(limits);
  expect(capacityLimitsSchema.parse(limitsOf({ machines: ' ', memoryMiB: '1.5', cpus: '' }))).toEqual({
    machines: null,
    memoryMiB: 1536,
    cpus: null,
  });
});

it.each([
  ['machines', '0', 'At least 1'],
  ['machines', '1.5', 'A whole number is needed'],
  ['machines', '1001', 'At most 1000'],
  ['memoryMiB', 'much', 'A number is needed, or nothing for no limit'],
  ['cpus', '0.1', 'At least 0.25'],
] as const)('refuses %s of %s', (key, value, words) => {
  expect(checkLimits({ machines: '', memoryMiB: '', cpus: '', [key]: value })).toEqual({ [key]: words });
});

it('says what a limit means here', () => {
  const words = (key: 'machines' | 'memoryMiB' | 'cpus', value: string) =>
    limitWords(key, { machines: '', memoryMiB: '', cpus: '', [key]: value }, capacity());
  expect(words('machines', '8')).toContain('9 are taken');
  expect(words('machines', '20')).toBeNull();
  expect(words('cpus', '64')).toContain('This computer has 16');
  expect(words('memoryMiB', '64')).toBe('This computer has 64 GB');
  expect(words('machines', 'x')).toBeNull();
  expect(words('machines', '')).toBe('Pools stop at their own');
  expect(words('cpus', '')).toBe('This computer has 16');
});
