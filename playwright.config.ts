import { defineConfig } from '@playwright/test';

/**
 * End-to-end: the real app, the real engine, a real guest. One at a time, because each starts an app with its own data
 * folder and its own containers on a small machine. No retries: a test that passes the second time has failed.
 */
export default defineConfig({
  testDir: './e2e/specs',
  outputDir: './test-results/e2e',
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list'], ['json', { outputFile: 'test-results/e2e.json' }]],
  use: { trace: 'off' },
});
