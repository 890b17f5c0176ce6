// `npm test`: sets up what is missing, Docker and QEMU, then unit, integration, QEMU and end-to-end tests. The last line is the sum.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';
import { failedInPlaywright, failedInVitest, settle, sumPlaywright, sumVitest } from './testResults.mjs';

const wanted = process.argv.slice(2);
/** Named again at the end: a long log is read from there. */
const failures = [];
const reports = join(root, 'out/reports');
const reportOf = (name) => join(reports, `${name}.json`);
const read = (name, sum) => {
  try {
    return sum(JSON.parse(readFileSync(reportOf(name), 'utf8')));
  } catch {
    return null;
  }
};

const vitest = async (project, env) => {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', project];
  const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile.json', reportOf(project)];
  const code = await foreground(process.execPath, [...args, ...reporters], { cwd: root, env });
  failures.push(...(read(project, failedInVitest) ?? [`${project}: no report`]));
  return settle(read(project, sumVitest), code);
};

const playwright = async (name, env, config = []) => {
  const args = ['node_modules/@playwright/test/cli.js', 'test', ...config, '--reporter', 'list,json'];
  const code = await foreground(process.execPath, args, {
    cwd: root,
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_NAME: reportOf(name) },
  });
  failures.push(...(read(name, failedInPlaywright) ?? [`${name}: no report`]));
  return settle(read(name, sumPlaywright), code);
};

const needsQemu = wanted.length === 0 || wanted.some((name) => name.includes('qemu') || name === 'e2e');
const ready = await setUp({ docker: 'needed', qemu: needsQemu }).catch(() => {
  console.log('0 passed, 1 failed');
  process.exit(1);
});
rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });
const electron = await prepareElectron(ready);
const demo = (name, backend) =>
  playwright(name, { ...electron.env, WHEELHOUSE_DEMO_BACKEND: backend }, [
    '--config',
    'scripts/demo/playwright.config.ts',
  ]);
const suites = {
  unit: () => vitest('unit', electron.env),
  integration: () => vitest('integration', electron.env),
  qemu: () => vitest('qemu', electron.env),
  e2e: () => playwright('e2e', electron.env),
  demo: () => demo('demo', 'docker'),
  'demo-qemu': () => demo('demo-qemu', 'qemu'),
};
/** Minutes on an emulated processor, and its parts are in the other suites: run by name. */
const byName = new Set(['demo-qemu']);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, suite] of Object.entries(suites)) {
  if (wanted.length > 0 ? !wanted.includes(name) : byName.has(name)) continue;
  console.log(`\n— ${name} tests`);
  const sum = await suite();
  for (const key of Object.keys(total)) total[key] += sum[key];
}
electron.stop();
if (total.skipped > 0) console.log(`${total.skipped} skipped`);
for (const name of failures) console.log(`failed: ${name.replace(`${root}/`, '')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
