import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface AppOptions {
  dataDir: string;
  /** Null: 7317, or a free one when that is taken. */
  port: number | null;
  demo: boolean;
  width: number;
  height: number;
}

/** The data folder that the app and the command line share when none is named. */
export function defaultDataDir(platform: NodeJS.Platform, env: NodeJS.ProcessEnv, home = homedir()): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Wheelhouse');
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'Wheelhouse');
  return join(env.XDG_DATA_HOME || join(home, '.local', 'share'), 'wheelhouse');
}

/** From the app's own arguments. Chromium's switches are not ours and pass by. Throws on a bad value, naming it. */
export function parseOptions(argv: string[], env: NodeJS.ProcessEnv, platform: NodeJS.Platform): AppOptions {
  const { values } = parseArgs({
    args: argv,
    strict: false,
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      demo: { type: 'boolean' },
      size: { type: 'string' },
    },
  });
  const port = values.port === undefined ? null : Number(values.port);
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new Error(`--port takes a whole number from 0 to 65535, not ${String(values.port)}`);
  }
  const size = /^(\d{3,4})x(\d{3,4})$/.exec(String(values.size ?? '1440x900'));
  if (!size) throw new Error(`--size takes WIDTHxHEIGHT, not ${String(values.size)}`);
  return {
    dataDir: resolve(typeof values.data === 'string' ? values.data : defaultDataDir(platform, env)),
    port,
    demo: values.demo === true,
    width: Number(size[1]),
    height: Number(size[2]),
  };
}
