import { defineConfig } from '@playwright/test';

/** `npm start -- --demo --unattended`: the demo with the person's part played through the real window. */
export default defineConfig({
  testDir: '.',
  testMatch: 'unattended.ts',
  outputDir: '../../out/demo/failures',
  workers: 1,
  retries: 0,
  // An emulated processor needs most of it; a container a tenth of a minute or two.
  timeout: process.env.WHEELHOUSE_DEMO_BACKEND === 'docker' ? 300_000 : 900_000,
  expect: { timeout: 20_000 },
  reporter: [['list', { printSteps: true }]],
});
