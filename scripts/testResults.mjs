/**
 * Sums what vitest's JSON report says. A file that could not even be loaded has no tests in it and counts as one failure.
 * @param {{ numPassedTests: number, numFailedTests: number, numPendingTests?: number, numTodoTests?: number, testResults: { status: string, assertionResults: unknown[] }[] }} report
 */
export const sumVitest = (report) => ({
  passed: report.numPassedTests,
  failed:
    report.numFailedTests +
    report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length,
  skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
});

/**
 * Sums what Playwright's JSON report says. A test that passed only when repeated is a failure; so is an error outside tests.
 * @param {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number }, errors: unknown[] }} report
 */
export const sumPlaywright = ({ stats, errors }) => ({
  passed: stats.expected,
  failed: stats.unexpected + stats.flaky + errors.length,
  skipped: stats.skipped,
});

/** A suite that ended badly without a failed test, or left no report, failed as a whole. */
export const settle = (sum, code) => {
  if (sum === null) return { passed: 0, failed: 1, skipped: 0 };
  return code !== 0 && sum.failed === 0 ? { ...sum, failed: 1 } : sum;
};

/** The names of the tests that failed, as vitest's JSON report has them. */
export const failedInVitest = (report) =>
  report.testResults.flatMap((file) => {
    const failed = file.assertionResults.filter((test) => test.status === 'failed').map((test) => test.fullName);
    const whole = file.status === 'failed' && file.assertionResults.length === 0 ? ['could not be loaded'] : [];
    return [...failed, ...whole].map((name) => `${file.name} › ${name}`);
  });

/** The same of Playwright's: whatever did not pass at the first try. */
export const failedInPlaywright = (report) => {
  const names = [];
  const walk = (suite, path) => {
    for (const spec of suite.specs ?? []) {
      if (spec.tests.some((test) => test.status === 'unexpected' || test.status === 'flaky')) {
        names.push([...path, spec.title].join(' › '));
      }
    }
    for (const child of suite.suites ?? []) walk(child, [...path, child.title]);
  };
  for (const suite of report.suites ?? []) walk(suite, [suite.file ?? suite.title]);
  return [...names, ...(report.errors ?? []).map((error) => String(error.message ?? error).split('\n')[0])];
};
