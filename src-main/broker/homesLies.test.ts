import { afterEach, expect, test } from 'vitest';
import type { PoolPatch } from '@shared/pool';
import { createFakeBackend } from '../sandbox/fake';
import { eventually, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const keep: PoolPatch = {
  warm: { minimum: 1, maximum: 4 },
  home: { policy: 'keep', quotaMiB: 100, expiresAfterDays: 30 },
};

test.each([9.3e15, 1e19, 1e40, -1, Number.NaN, Infinity])(
  // The number comes from a program beside the session’s own.
  'a home said to be %d bytes large hides no home, and no other’s size',
  async (bytes) => {
    world = new World(createFakeBackend, keep);
    const homes = world.backend.homes!;
    const list = homes.list.bind(homes);
    let liar = '';
    let told = 0;
    homes.list = async (signal) => {
      if (liar !== '') told += 1;
      return (await list(signal)).map((one) => ({ ...one, bytes: one.homeId === liar ? bytes : 4321 }));
    };
    await world.start({ limits: { homesEveryMs: 20 } });
    const one = await world.acquire();
    const two = await world.acquire();
    liar = one.home?.homeId ?? '';
    await eventually(() => told >= 3);
    const [lied, honest] = [world.broker.homes.get(liar), world.broker.homes.get(two.home?.homeId ?? '')];
    expect(honest.bytes).toBe(4321);
    expect([null, 4321]).toContain(lied.bytes);
    expect(world.broker.homes.list()).toHaveLength(2);
  },
);
