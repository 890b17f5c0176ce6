// `npm run check`: everything that can be known without running the product. All parts run, then the sum is said.
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';

const node = (path, ...args) => [process.execPath, [`node_modules/${path}`, ...args]];
/** @type {[string, [string, string[]]][]} */
const parts = [
  ['format', node('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')],
  ['lint', node('oxlint/bin/oxlint', '--type-aware', '--deny-warnings')],
  ['types', node('typescript/bin/tsc', '--project', '.')],
  ['unused', node('knip/bin/knip.js', '--no-progress')],
  ['unit tests', node('vitest/vitest.mjs', 'run', '--project', 'unit', '--reporter', 'dot')],
];

const only = process.argv.slice(2);
const failed = [];
for (const [name, [command, args]] of parts) {
  if (only.length > 0 && !only.includes(name)) continue;
  const started = Date.now();
  const code = await foreground(command, args, { cwd: root });
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (code !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.log(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
