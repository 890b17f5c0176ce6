import fc from 'fast-check';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createFakeBackend } from '../../sandbox/fake';
import { converge } from './converge';
import { Driver } from './driver';
import { runs, type Step } from './ops';
import { World } from './world';

/**
 * The real broker on the fake engine, through random lives with crashes, faults and a clock of their own, held against
 * the reference model after every commit. MODEL_RUNS: how many (1000); MODEL_SEED: which. A run that fails is shrunk and
 * written to seeds.json, whose runs are told again first from then on.
 */
const file = new URL('./seeds.json', import.meta.url);
const savedSchema = z.array(
  z.object({ found: z.string(), seed: z.int(), path: z.string(), parks: z.boolean(), steps: z.array(z.unknown()) }),
);
const saved = savedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
const numRuns = Number(process.env['MODEL_RUNS'] ?? 1000);
const seed = Number(process.env['MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const counts = new Map<string, number>();
const points = new Map<string, number>();

async function live(steps: readonly Step[], parks: boolean): Promise<void> {
  const world = new World(createFakeBackend, parks);
  const driver = new Driver(world);
  try {
    await world.drain();
    const WITHOUT = (process.env['WITHOUT'] ?? 'limits,home').split(',');
    if (WITHOUT.includes('home')) for (const { op } of steps) if (op.op === 'acquire') op.home = null;
    await driver.run(steps.filter(({ op }) => !WITHOUT.includes(op.op)));
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
  await live(one.steps as Step[], one.parks);
});

test.each([false, true])('random lives, where machines are parked: %s', { timeout: 3_600_000 }, async (parks) => {
  console.log(`seed ${seed}, ${numRuns / 2} runs`);
  const property = fc.asyncProperty(runs, (steps) => live(steps, parks));
  const result = await fc.check(property, { seed, numRuns: numRuns / 2, endOnFailure: false });
  if (!result.failed) return;
  const [steps] = result.counterexample ?? [[]];
  const found = String((result.errorInstance as Error | undefined)?.message ?? 'interrupted');
  const entry = { found, seed: result.seed, path: result.counterexamplePath ?? '', parks, steps };
  writeFileSync(file, `${JSON.stringify([...saved, entry], null, 2)}\n`);
  throw new Error(`seed ${result.seed}, path ${entry.path}: ${found}\n${JSON.stringify(steps)}`, {
    cause: result.errorInstance,
  });
});

test('the lives were eventful', () => {
  console.log(JSON.stringify(Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))));
  for (const what of [
    'acquire',
    'call',
    'release',
    'revived',
    'restarted',
    'dies',
    'hangs',
    'vanishes',
    'away',
    'sleep',
  ])
    expect(counts.get(what) ?? 0, what).toBeGreaterThan(numRuns / 100);
  for (const point of ['create', 'lease', 'release.done', 'destroy.gone', 'quarantine', 'recheck', 'orphan', 'queue'])
    expect(points.get(`${point}+`) ?? 0, point).toBeGreaterThan(0);
});
