import { describe, expect, it } from 'vitest';
import { age, clock, duration, settingSpan } from './clock';

const s = 1000;
const min = 60 * s;
const h = 60 * min;

describe('clock', () => {
  it('runs from seconds to hours and never below zero', () => {
    expect([clock(-5 * s), clock(9 * s), clock(134 * s), clock(h + 2 * min + 14 * s)]).toEqual([
      '0:00',
      '0:09',
      '2:14',
      '1:02:14',
    ]);
  });
});

describe('age', () => {
  it('uses one unit, two from an hour on', () => {
    expect([age(42 * s), age(24 * min), age(h + 12 * min), age(h + 3 * min), age(49 * h)]).toEqual([
      '42 s',
      '24 min',
      '1 h 12',
      '1 h 03',
      '2 d',
    ]);
  });
});

describe('duration', () => {
  it('keeps tenths only where they matter', () => {
    expect([duration(12), duration(400), duration(9_960), duration(12_400), duration(108 * s)]).toEqual([
      '12 ms',
      '0.4 s',
      '10.0 s',
      '12 s',
      '1 min 48 s',
    ]);
  });
});

describe('settingSpan', () => {
  it('takes the largest whole unit', () => {
    expect([settingSpan(45), settingSpan(1800), settingSpan(7200), settingSpan(86_400), settingSpan(90)]).toEqual([
      '45 s',
      '30 min',
      '2 h',
      '1 day',
      '90 s',
    ]);
  });
});
