// `npm start`: sets up what is missing, then opens the app. Arguments go on to the app: `npm start -- --demo`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepareElectron } from './lib/electronRun.mjs';
import { foreground } from './lib/foreground.mjs';
import { root } from './lib/paths.mjs';
import { setUp } from './setup/index.mjs';

const args = process.argv.slice(2);
const ready = await setUp().catch(() => process.exit(1));
const { env, executable, args: switches, stop } = await prepareElectron(ready);

if (args.includes('--demo') && args.includes('--unattended')) {
  // The person's part is played through the real window, by the end-to-end tests' own means.
  const script = join(root, 'e2e/unattended.mjs');
  if (!existsSync(script)) throw new Error('e2e/unattended.mjs is missing');
  process.exitCode = await foreground(process.execPath, [script, ...args], { env, cwd: root });
} else {
  process.exitCode = await foreground(executable, [...switches, root, ...args], { env, cwd: root });
}
stop();
