import { expect, it } from 'vitest';
import { usageQuerySchema } from '@shared/usage';
import { bytes, usageQuery, used } from './usageModel';

it('asks the same for a whole hour', () => {
  const at = (minute: number) => usageQuery('desktop', '7', 'caller', Date.UTC(2026, 0, 10, 12, minute));
  expect(at(59)).toEqual(at(0));
  expect(at(0)).toEqual({ pool: 'desktop', by: 'caller', from: '2026-01-03T12:00:00.000Z' });
  expect(usageQuerySchema.parse(at(0))).toEqual(at(0));
});

it('reads in the unit that people use', () => {
  expect([used(0), used(999), used(42_000), used(3_900_000)]).toEqual(['–', '–', '42 s', '1 h 05']);
  expect([bytes(0), bytes(2048), bytes(3.5 * 1024 ** 2), bytes(1.25 * 1024 ** 3)]).toEqual([
    ...['0 B', '2 KB', '3.5 MB', '1.3 GB'],
  ]);
});
