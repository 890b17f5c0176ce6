// `npm run dev`: the app with hot reload of the window and a restart when the main process's sources change.
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';

const ready = await setUp().catch(() => process.exit(1));
const { env, root: asRoot, stop } = await prepareElectron(ready);
const args = [
  'node_modules/electron-vite/bin/electron-vite.js',
  'dev',
  '--watch',
  ...(asRoot ? ['--noSandbox'] : []),
  '--',
  ...process.argv.slice(2),
];
process.exitCode = await foreground(process.execPath, args, { env, cwd: root });
stop();
