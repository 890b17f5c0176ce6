// `npm start`: sets up what is missing, then opens the app. Arguments go on to the app: `npm start -- --demo`.
// `--backend qemu` sets QEMU up too; `--no-docker` leaves Docker out. Where Docker can't be had, QEMU takes its place.
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { isNoise } from './lib/noise.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';
import { wantsOf } from './setup/wants.mjs';

const read = () => {
  try {
    return wantsOf(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
};
const { wants, rest: args, backend } = read();
const ready = await setUp(wants).catch(() => process.exit(1));
const { env, executable, args: switches, stop } = await prepareElectron(ready);

if (args.includes('--demo') && args.includes('--unattended')) {
  // The person's part is played through the real window, by the same means as the end-to-end tests.
  const play = ['node_modules/@playwright/test/cli.js', 'test', '--config', 'scripts/demo/playwright.config.ts'];
  const demoEnv = { ...env, WHEELHOUSE_DEMO_BACKEND: backend ?? '' };
  process.exitCode = await foreground(process.execPath, play, { env: demoEnv, cwd: root });
} else {
  process.exitCode = await foreground(executable, [...switches, root, ...args], {
    env,
    cwd: root,
    dropErrors: isNoise,
  });
}
stop();
