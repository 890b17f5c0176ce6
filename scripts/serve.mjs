// `npm run serve -- --data DIR`: sets up what is missing, then runs the broker without a window.
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';
import { wantsOf } from './setup/wants.mjs';

const { wants, rest } = wantsOf(process.argv.slice(2));
await setUp({ ...wants, electron: false }).catch(() => process.exit(1));
process.exitCode = await foreground(process.execPath, ['bin/wheelhouse.mjs', 'serve', ...rest], {
  cwd: root,
});
