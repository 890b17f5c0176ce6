// `npm run bench`: sets up what is missing, bundles bench/index.ts for plain Node and runs it.
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';

const ready = await setUp().catch(() => process.exit(1));
const bundle = ['node_modules/vite/bin/vite.js', 'build', '--config', 'scripts/build/bench.vite.config.mjs'];
const built = await foreground(process.execPath, bundle, { cwd: root });
if (built !== 0) process.exit(built);
const electron = await prepareElectron(ready);
process.exitCode = await foreground(process.execPath, ['out/bench/index.js', ...process.argv.slice(2)], {
  cwd: root,
  env: electron.env,
});
electron.stop();
