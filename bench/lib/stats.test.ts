import { describe, expect, it } from 'vitest';
import { percentile, summarise } from './stats';

describe('summaries of samples', () => {
  it('takes the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
    expect(summarise(hundred)).toEqual({ n: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  });

  it('has no figure for nothing', () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});
