import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { SetupFailed } from './terminal.mjs';

const read = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
};

/**
 * Whether what npm installed is what the lock file says, by npm's own record in node_modules. Pure. Optional packages
 * for other systems may be missing.
 * @param {{ packages?: Record<string, { version?: string, optional?: boolean, peer?: boolean, link?: boolean }> } | null} lock
 * @param {{ packages?: Record<string, { version?: string }> } | null} installed
 */
export const fitsLock = (lock, installed) => {
  if (!lock?.packages || !installed?.packages) return false;
  const names = Object.keys(lock.packages).filter((name) => name !== '');
  const fits = names.every((name) => {
    const wanted = lock.packages[name];
    const found = installed.packages[name];
    return found ? found.version === wanted.version : wanted.optional === true;
  });
  return fits && Object.keys(installed.packages).every((name) => name in lock.packages);
};

const install = async (log) => {
  const options = { seconds: 1200, silentSeconds: 600, onLine: log, cwd: root };
  try {
    await run('npm', ['ci', '--no-audit', '--no-fund'], options);
  } catch (error) {
    // `ci` insists that the lock names every optional package of every system, also those that a registry does not
    // have (yet); `install` keeps to the same locked versions and leaves such packages out.
    if (!error.tail?.some((line) => /from lock file|in sync/.test(line))) throw error;
    log('npm ci refuses the lock file on this registry; installing the locked versions without it');
    await run('npm', ['install', '--no-audit', '--no-fund'], options);
  }
};

/** @param {{ log: (line: string) => void }} context */
export const ensureDependencies = async ({ log }) => {
  const lock = read(join(root, 'package-lock.json'));
  const installed = read(join(root, 'node_modules/.package-lock.json'));
  if (fitsLock(lock, installed) && existsSync(join(root, 'node_modules/.bin/vite'))) return null;
  try {
    await install(log);
  } catch (error) {
    const said = error.tail?.filter((line) => /npm error/.test(line)) ?? [];
    throw new SetupFailed(
      `npm could not install the dependencies: ${error.message}`,
      'check the network and the registry (npm ping), then start again',
      said.slice(0, 8),
    );
  }
  return `${Object.keys(lock?.packages ?? {}).length} packages`;
};
