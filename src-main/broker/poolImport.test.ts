import { afterEach, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { World } from './testBroker';

let world: World;
afterEach(() => world.close());

test('an import is written as a whole or not at all, keeps the ids it gives, and a second one writes nothing', async () => {
  world = new World(createFakeBackend, { warm: { minimum: 0, maximum: 2 } });
  const { pools } = await world.start();
  const entries = [
    { id: 'desktop', displayName: 'Desktop', warm: { minimum: 1, maximum: 2 } },
    { id: 'forms', displayName: 'Forms', backend: 'fake' as const, warm: { minimum: 1, maximum: 1 } },
  ];
  expect(pools.import(entries, { dryRun: true })).toMatchObject({ applied: false });
  expect(pools.list().map(({ id }) => id)).toEqual(['desktop']);

  // A backend that is not here is found before anything is written.
  const bad = [...entries, { displayName: 'Third', backend: 'docker' as const }];
  expect(() => pools.import(bad, { dryRun: false })).toThrow(/no docker backend/);
  expect(pools.get('desktop').warm.minimum).toBe(0);

  expect(pools.import(entries, { dryRun: false })).toMatchObject({
    applied: true,
    pools: [
      { action: 'update', id: 'desktop' },
      { action: 'create', id: 'forms' },
    ],
  });
  await world.ready(2);
  const before = world.events.length;
  const again = pools.import(entries, { dryRun: false });
  expect(again.pools.map(({ action }) => action)).toEqual(['unchanged', 'unchanged']);
  expect(world.events.slice(before).filter(({ event }) => event === 'pool')).toEqual([]);
});

test('an id whose pool is still being deleted is not taken over', async () => {
  world = new World(createFakeBackend, { warm: { minimum: 1, maximum: 2 } });
  const { pools } = await world.start();
  await world.ready(1);
  await pools.delete('desktop', { force: true });
  const entry = { id: 'desktop', displayName: 'Desktop', backend: 'fake' as const };
  expect(() => pools.import([entry], { dryRun: false })).toThrow(/being deleted/);
});
