// `npm run soak`: sets up what is missing, bundles scripts/soak/index.ts for plain Node and runs it.
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';

const parts = process.argv.slice(2);
const needsQemu = parts.length === 0 || parts.includes('crash-qemu');
await setUp({ electron: false, docker: 'needed', qemu: needsQemu }).catch(() => process.exit(1));
const bundle = ['node_modules/vite/bin/vite.js', 'build', '--config', 'scripts/build/soak.vite.config.mjs'];
const built = await foreground(process.execPath, bundle, { cwd: root });
if (built !== 0) process.exit(built);
process.exitCode = await foreground(process.execPath, ['--expose-gc', 'out/soak/index.js', ...parts], { cwd: root });
