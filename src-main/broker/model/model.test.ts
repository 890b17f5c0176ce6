import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createFakeBackend } from '../../sandbox/fake';
import { converge } from './converge';
import { Driver } from './driver';
import { firstPools, stories, type Story } from './ops';
import { World } from './world';

/**
 * The real broker on the fake engine, through random lives with crashes, faults and a clock of their own, held against
 * the reference model after every commit. MODEL_RUNS: how many (1000); MODEL_SEED: which. A run that fails is shrunk and
 * written to seeds.json, whose runs are told again first from then on.
 */
const file = new URL('./seeds.json', import.meta.url);
const savedSchema = z.array(
  z.object({
    found: z.string(),
    seed: z.int(),
    path: z.string(),
    story: z.object({
      first: z.int(),
      parks: z.union([z.boolean(), z.literal('optional')]),
      steps: z.array(z.unknown()),
    }),
  }),
);
const saved = savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const numRuns = Number(process.env['MODEL_RUNS'] ?? 1000);
// The same lives each time, so that a change of the code is what a failure tells of; the soak looks for new ones.
const seed = Number(process.env['MODEL_SEED'] ?? 20_261_121);
const counts = new Map<string, number>();
const points = new Map<string, number>();

async function live({ first, parks, steps }: Story): Promise<void> {
  const world = new World(createFakeBackend, parks, firstPools[first]);
  const driver = new Driver(world);
  try {
    await world.drain();
    await driver.run(steps);
    await converge(driver);
    await world.stop();
    world.watcher.throwIfBroken();
  } finally {
    await world.close();
    for (const [from, to] of [
      [driver.counts, counts],
      [world.points, points],
    ] as const)
      for (const [name, count] of from) to.set(name, (to.get(name) ?? 0) + count);
  }
}

test.each(saved.map((one) => [one.found, one] as const))('told again: %s', async (_, one) => {
  await live(one.story as Story);
});

test('random lives', { timeout: 3_600_000 }, async () => {
  console.log(`seed ${seed}, ${numRuns} lives`);
  const began = process.cpuUsage();
  const result = await fc.check(fc.asyncProperty(stories, live), { seed, numRuns });
  const { user, system } = process.cpuUsage(began);
  console.log(`${Math.round((user + system) / 1e6)} s of processor time`);
  if (!result.failed) return;
  const story = result.counterexample?.[0];
  const error = result.errorInstance as Error | undefined;
  const entry = { found: error?.message ?? 'interrupted', seed, path: result.counterexamplePath ?? '', story };
  writeFileSync(file, `${JSON.stringify([...saved, entry], null, 2)}\n`);
  throw new Error(`seed ${seed}, path ${entry.path}: ${entry.found}\n${JSON.stringify(story)}`, { cause: error });
});

test('the lives were eventful', () => {
  console.log(JSON.stringify(Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))));
  const often = ['acquire', 'call', 'release', 'suspend', 'resumed by a call', 'revived', 'restarted', 'dies', 'hangs'];
  for (const what of [...often, 'vanishes', 'stray', 'away', 'sleep', 'home.remove'])
    expect(counts.get(what) ?? 0, what).toBeGreaterThan(numRuns / 300);
  for (const point of ['create', 'lease', 'release.done', 'destroy.gone', 'quarantine', 'recheck', 'orphan', 'queue'])
    expect(points.get(`${point}+`) ?? 0, point).toBeGreaterThan(0);
});
