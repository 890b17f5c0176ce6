import { expect, it } from 'vitest';
import { failedInPlaywright, failedInVitest, settle, sumPlaywright, sumVitest } from './testResults.mjs';

const vitest = {
  ...{ numPassedTests: 1, numFailedTests: 1, numPendingTests: 1 },
  testResults: [
    {
      ...{ name: '/tree/a.test.ts', status: 'failed' },
      assertionResults: [
        { status: 'passed', fullName: 'a holds' },
        { status: 'failed', fullName: 'a breaks' },
      ],
    },
    { name: '/tree/b.test.ts', status: 'failed', assertionResults: [] },
  ],
};
const playwright = {
  ...{ stats: { expected: 1, unexpected: 1, flaky: 1, skipped: 0 }, errors: [{ message: 'no app\nat x' }] },
  suites: [
    {
      ...{ title: 'x.spec.ts', file: 'x.spec.ts' },
      specs: [{ title: 'good', tests: [{ status: 'expected' }] }],
      suites: [
        {
          title: 'the wall',
          specs: [
            { title: 'bad', tests: [{ status: 'unexpected' }] },
            { title: 'shaky', tests: [{ status: 'flaky' }] },
          ],
        },
      ],
    },
  ],
};

it('counts a file that could not be loaded as a failure, and names every failure', () => {
  expect(sumVitest(vitest)).toEqual({ passed: 1, failed: 2, skipped: 1 });
  expect(failedInVitest(vitest)).toEqual(['/tree/a.test.ts › a breaks', '/tree/b.test.ts › could not be loaded']);
});

it('counts what passed only when repeated as a failure, and names it', () => {
  expect(sumPlaywright(playwright)).toEqual({ passed: 1, failed: 3, skipped: 0 });
  expect(failedInPlaywright(playwright)).toEqual([
    'x.spec.ts › the wall › bad',
    'x.spec.ts › the wall › shaky',
    'no app',
  ]);
});

it('lets no suite pass that left no report or ended badly', () => {
  expect(settle(null, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(settle({ passed: 3, failed: 0, skipped: 0 }, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  expect(settle({ passed: 3, failed: 0, skipped: 0 }, 0)).toEqual({ passed: 3, failed: 0, skipped: 0 });
});
