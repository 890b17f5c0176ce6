import { afterEach, expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { sql } from '../store/database';
import { poolStore } from '../store/pools';
import { admin, agent, World } from './testBroker';

let world: World;
afterEach(() => world.close());
const begin = async (sessionsPerToken: number | null): Promise<void> => {
  world = new World(createFakeBackend, { warm: { minimum: 3, maximum: 6 }, limits: { sessionsPerToken } });
  await world.start();
  await world.ready(3);
};
const key = (n: number): string => `key-${String(n).padStart(8, '0')}`;

test('a token gets no more sessions than its pool allows, and one again when it released one', async () => {
  await begin(2);
  const first = await world.acquire({ sessionId: key(1) });
  await world.acquire({ sessionId: key(2) });
  await expect(world.acquire({ sessionId: key(3) })).rejects.toMatchObject({
    code: 'session_limit',
    status: 429,
    message: expect.stringContaining('at most 2 sessions at once; “claude” has 2'),
    data: { limit: 2, sessions: 2, waiting: 0, retryAfterSeconds: 30 },
  });
  // A retry is no further session; others have a limit of their own, and people none.
  expect((await world.acquire({ sessionId: key(2) })).sessionId).toBe(key(2));
  await world.acquire({ caller: { ...agent, tokenId: 't2', name: 'other' } });
  for (const _ of [1, 2, 3]) await world.acquire({ caller: admin, waitMs: 20_000 });
  await world.broker.release(first.sessionId, 'test', 'done');
  expect((await world.acquire({ sessionId: key(3), waitMs: 20_000 })).status).toBe('active');
});

test('it holds for requests at the same moment, and across a restart', async () => {
  await begin(2);
  const asked = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => world.acquire({ sessionId: key(n) })));
  expect(asked.filter((each) => each.status === 'fulfilled')).toHaveLength(2);
  expect(world.sessions().filter((each) => each.status === 'active')).toHaveLength(2);
  await world.restart();
  await expect(world.acquire()).rejects.toMatchObject({ code: 'session_limit' });
});

test('a raised limit holds at once, and a pool stored before there was one has none', async () => {
  await begin(1);
  await world.acquire();
  await expect(world.acquire()).rejects.toMatchObject({ code: 'session_limit' });
  world.broker.pools.update('desktop', { limits: { sessionsPerToken: 2 } });
  await world.acquire();
  sql(world.db, `UPDATE pools SET spec = json_remove(spec, '$.limits')`).run();
  expect(poolStore(world.db).get('desktop')?.spec.limits).toEqual({ sessionsPerToken: null });
  expect((await world.acquire()).status).toBe('active');
});
