import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { SetupFailed } from './terminal.mjs';

/** Files under the given paths of the checkout, tests aside: a changed test needs no build. */
const sourcesOf = (paths) =>
  paths
    .flatMap((path) => {
      const full = join(root, path);
      if (!existsSync(full)) return [];
      if (!path.startsWith('src-')) return [path];
      return readdirSync(full, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
    })
    .sort();

const fingerprint = (paths) => {
  const hash = createHash('sha256');
  for (const path of sourcesOf(paths)) {
    const data = readFileSync(join(root, path));
    hash.update(`${path}\0${data.length}\0`).update(data);
  }
  return hash.digest('hex');
};

const shared = ['src-shared', 'package-lock.json', 'tsconfig.json'];

/** What is built, from what, by which command, and the files that prove that it is there. */
const targets = [
  {
    name: 'in-guest agent',
    sources: ['src-guest', ...shared],
    command: ['scripts/build/guest.mjs'],
    results: ['out/guest/agent.cjs'],
  },
  {
    name: 'app',
    sources: ['src-main', 'src-preload', 'src-renderer', 'src-cli', ...shared, 'electron.vite.config.ts'],
    command: ['node_modules/electron-vite/bin/electron-vite.js', 'build'],
    results: ['out/main/index.js', 'out/main/cli.js', 'out/preload/index.cjs', 'out/renderer/index.html'],
  },
];

const isCurrent = (target, mark, stamp) =>
  target.results.every((path) => existsSync(join(root, path))) &&
  existsSync(mark) &&
  readFileSync(mark, 'utf8') === stamp;

/**
 * Builds the in-guest agent and the app where their sources changed since the last time.
 * @param {{ log: (line: string) => void }} context
 */
export const ensureBuild = async ({ log }) => {
  const built = [];
  for (const target of targets) {
    const mark = join(root, 'out', `.${target.name.replaceAll(' ', '-')}.sha256`);
    const stamp = fingerprint(target.sources);
    if (isCurrent(target, mark, stamp)) continue;
    try {
      await run(process.execPath, target.command, {
        seconds: 600,
        onLine: log,
        cwd: root,
        env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
      });
    } catch (error) {
      throw new SetupFailed(`The ${target.name} could not be built`, 'mend what the lines above name', error.tail);
    }
    const missing = target.results.filter((path) => !existsSync(join(root, path)));
    if (missing.length > 0) throw new SetupFailed(`The build of the ${target.name} left out ${missing.join(', ')}`);
    mkdirSync(join(root, 'out'), { recursive: true });
    writeFileSync(mark, stamp);
    built.push(target.name);
  }
  return built.length > 0 ? built.join(', ') : null;
};
