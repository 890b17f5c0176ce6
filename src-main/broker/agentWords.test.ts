import { afterEach, expect, test } from 'vitest';
import type { Caller } from '../base/caller';
import { createFakeBackend } from '../sandbox/fake';
import { admin, agent, World } from './testBroker';

let world: World;
afterEach(() => world.close());

test('who waits in vain for room on this computer is told who has it, unless it is an agent', async () => {
  world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 8 } });
  await world.start({ host: { memoryMiB: 16_384, cpus: 4 } });
  world.broker.capacity.set({ machines: 1, memoryMiB: null, cpus: null });
  await world.acquire({ waitMs: 20_000 });
  const second = world.broker.pools.create({
    displayName: 'Second',
    backend: 'fake',
    warm: { minimum: 0, maximum: 8 },
  });
  const late = async (caller: Caller): Promise<string> =>
    world.acquire({ poolId: second.id, caller, waitMs: 300 }).then(
      () => 'served',
      (error: Error & { data: unknown }) => `${error.message} ${JSON.stringify(error.data)}`,
    );
  expect(await late(admin)).toContain('“Desktop” has 1 machine');
  expect(await late(agent)).toMatch(/This computer has no room.*"HostAtCapacity"/);
  expect(await late(agent)).not.toContain('Desktop');
});
