import { describe, expect, it } from 'vitest';
import { poolCreateSchema, poolDefaults, poolSpecSchema, withAsked } from './pool';

describe('what a request asks of a pool', () => {
  const asked = (before: object, request: object) => {
    const given = poolCreateSchema.parse({ displayName: 'x', ...request });
    return poolSpecSchema.parse(withAsked({ ...poolDefaults, displayName: 'x', ...before }, given));
  };
  it('leaves what it does not name, also within a field', () => {
    expect(asked({}, { home: { policy: 'keep' } }).home).toEqual({
      policy: 'keep',
      quotaMiB: 1024,
      expiresAfterDays: 30,
    });
    expect(asked({ size: { ...poolDefaults.size, cpus: 4 } }, { size: { memoryMiB: 512 } }).size).toEqual({
      ...{ cpus: 4, memoryMiB: 512, width: 1280, height: 800 },
    });
    expect(asked({ warm: { minimum: 1, maximum: 3, freeze: true } }, { warm: { maximum: 5 } }).warm).toEqual({
      ...{ minimum: 1, maximum: 5, freeze: true },
    });
  });
  it('takes a whole field as it is given', () => {
    const whole = { minimum: 1, maximum: 5 };
    expect(asked({ warm: { minimum: 1, maximum: 3, freeze: true } }, { warm: whole }).warm).toEqual(whole);
  });
  it('gives another idle policy its usual time', () => {
    expect(asked({}, { idle: { policy: 'suspend' } }).idle).toEqual({ policy: 'suspend', afterSeconds: 900 });
    expect(
      asked({ idle: { policy: 'suspend', keeps: 'machine', afterSeconds: 60 } }, { idle: { policy: 'release' } }).idle,
    ).toEqual({ policy: 'release', afterSeconds: 1800 });
    expect(asked({ idle: { policy: 'suspend', afterSeconds: 60 } }, { idle: { policy: 'suspend' } }).idle).toEqual({
      ...{ policy: 'suspend', afterSeconds: 60 },
    });
  });
  it('is checked as a whole', () => {
    expect(() => asked({}, { warm: { minimum: 9 } })).toThrow(/minimum must not exceed maximum/);
  });
});
