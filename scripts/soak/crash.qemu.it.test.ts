import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crash } from './crash/run';
import { bundleHouse } from './lib/bundle';
import { seeded } from './lib/seeded';

/** The short form of the crash harness; `npm run soak` has the long one. */
let bundle: string;
beforeAll(async () => {
  bundle = await bundleHouse();
});
afterAll(() => rmSync(bundle, { recursive: true, force: true }));

test('killed three times on QEMU, it keeps what it promised', { timeout: 600_000 }, async () => {
  const { seed, random } = seeded();
  console.log(`seed ${seed}`);
  const report = await crash({ bundle, backend: 'qemu', kills: 3, each: 1, atMost: 3, random, say: () => {} });
  expect(report.problems).toEqual([]);
  expect(report.kills).toBe(3);
});
