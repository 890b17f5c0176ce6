import { defineConfig } from '@playwright/test';

/** `npm start -- --demo --unattended`: the demo with the person's part played through the real window. */
export default defineConfig({
  testDir: '.',
  testMatch: 'unattended.ts',
  outputDir: '../../out/demo/failures',
  workers: 1,
  retries: 0,
  timeout: 300_000,
  expect: { timeout: 20_000 },
  reporter: [['list', { printSteps: true }]],
});
