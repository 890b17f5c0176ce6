import { homedir } from 'node:os';
import { join } from 'node:path';

/** The data folder that the app and the command line share when none is named. */
export function defaultDataDir(
  platform: NodeJS.Platform = process.platform,
  env: NodeJS.ProcessEnv = process.env,
  home: string = homedir(),
): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Wheelhouse');
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'Wheelhouse');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'wheelhouse');
}

/** What lies where in a data folder. */
export const storeFile = (dataDir: string): string => join(dataDir, 'wheelhouse.sqlite');
export const lockFile = (dataDir: string): string => join(dataDir, 'lock.sqlite');
export const runtimeFile = (dataDir: string): string => join(dataDir, 'runtime.json');
