import { expect, test } from 'vitest';
import { createFakeBackend } from '../sandbox/fake';
import { eventually, Mortal, World } from './testBroker';

const { signal } = new AbortController();
const pool = { warm: { minimum: 1, maximum: 4 } };
const keys = ['key-00000001', 'key-00000002'] as const;
const from = (machineId: string) => ({ checkpointId: 'ck_one', machineId });

/** Frozen, thawed, saved, put back, branched, frozen again; as far as it comes. Resolves with what callers were told. */
async function shortLife(world: World, mortal: Mortal): Promise<Set<string>> {
  const told = new Set<string>();
  const dies = eventually(() => mortal.dead).catch(() => {});
  const step = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    if (mortal.dead) return;
    const done = run().then(
      () => told.add(name),
      () => {},
    );
    await Promise.race([done, dies]);
  };
  let machineId = '';
  await world.start(mortal.options()).catch(() => {});
  await step('acquired', async () => {
    machineId = (await world.acquire({ sessionId: keys[0], waitMs: 3000 })).machineId ?? '';
  });
  await step('saved', () => world.broker.saveMachine(keys[0], 'ck_one', signal));
  await step('frozen', () => world.broker.freeze(keys[0]));
  await step('thawed', () => world.broker.thaw(keys[0]));
  await step('put back', () => world.broker.restoreMachine(keys[0], 'ck_one', signal));
  await step('branched', () => world.acquire({ sessionId: keys[1], waitMs: 3000, fromCheckpoint: from(machineId) }));
  await step('frozen again', () => world.broker.freeze(keys[0]));
  mortal.dead = true;
  return told;
}

test(
  'killed at every named point of what is done to machines: the next broker finishes it',
  { timeout: 120_000 },
  async () => {
    const whole = new Mortal(null);
    const first = new World(createFakeBackend, pool, { parks: true });
    expect((await shortLife(first, whole)).size).toBe(7);
    await first.close();
    const points = [...new Set(whole.passed)];
    const named = ['freeze.intent', 'freeze', 'thaw', 'thaw.done', 'save', 'restore.intent', 'restore', 'restore.done'];
    expect(points).toEqual(expect.arrayContaining(named.flatMap((point) => [point, `${point}+`])));

    for (const point of points) {
      const times = Math.min(2, whole.passed.filter((one) => one === point).length);
      for (let nth = 1; nth <= times; nth++) {
        const where = `killed at ${point}, time ${nth}: `;
        const world = new World(createFakeBackend, pool, { parks: true });
        try {
          const told = await shortLife(world, new Mortal({ point, nth }));
          await world.start();
          const session = await world.acquire({ sessionId: keys[0] });
          if (told.has('frozen again')) expect(session.frozen, where).toBe(true);
          if (session.frozen) {
            await eventually(async () => (await world.states()).get(session.machineId ?? '') === 'paused');
            await world.broker.thaw(keys[0]);
          }
          const { guest } = await world.broker.connect(keys[0]);
          expect((await guest.health()).machineId, where).toBe(session.machineId);
          if (told.has('branched')) {
            const branch = await world.broker.connect(keys[1]);
            expect((await branch.guest.health()).machineId, where).toBe(branch.session.machineId);
          }
          await eventually(
            async () => {
              const states = await world.states();
              const live = world.broker.sessions.live().length;
              return (
                world.inState('ready').length === 1 &&
                world.inState('leased').length === live &&
                states.size === live + 1 &&
                world.inState('ready').every((row) => states.get(row.machineId) === 'paused') &&
                world.inState('leased').every((row) => states.get(row.machineId) === 'running' && !row.restoring)
              );
            },
            () => where + world.describe(),
          );
          expect(world.inState('quarantined'), where).toEqual([]);
          expect(world.integrity()).toBe('ok');
        } finally {
          await world.close();
        }
      }
    }
  },
);
