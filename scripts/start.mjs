// `npm start`: sets up what is missing, then opens the app. Arguments go on to the app: `npm start -- --demo`.
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';

const args = process.argv.slice(2);
const ready = await setUp().catch(() => process.exit(1));
const { env, executable, args: switches, stop } = await prepareElectron(ready);

if (args.includes('--demo') && args.includes('--unattended')) {
  // The person's part is played through the real window, by the same means as the end-to-end tests.
  const play = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'scripts/demo/playwright.config.ts'];
  process.exitCode = await foreground(process.execPath, play, { env, cwd: root });
} else {
  process.exitCode = await foreground(executable, [...switches, root, ...args], { env, cwd: root });
}
stop();
