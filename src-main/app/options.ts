import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultDataDir } from '../wheelhouse/dataDir';

export interface AppOptions {
  dataDir: string;
  /** Null: 7317, or a free one when that is taken. */
  port: number | null;
  demo: boolean;
  /** What to have a pool on; null: Docker where it answers, else QEMU. */
  backend: 'docker' | 'qemu' | null;
  width: number;
  height: number;
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
      backend: { type: 'string' },
      size: { type: 'string' },
    },
  });
  const port = values.port === undefined ? null : Number(values.port);
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new Error(`--port takes a whole number from 0 to 65535, not ${String(values.port)}`);
  }
  const { backend = null } = values;
  if (backend !== null && backend !== 'docker' && backend !== 'qemu') {
    throw new Error(`--backend takes docker or qemu, not ${String(backend)}`);
  }
  const size = /^(\d{3,4})x(\d{3,4})$/.exec(String(values.size ?? '1440x900'));
  if (!size) throw new Error(`--size takes WIDTHxHEIGHT, not ${String(values.size)}`);
  return {
    dataDir: resolve(typeof values.data === 'string' ? values.data : defaultDataDir(platform, env)),
    port,
    demo: values.demo === true,
    backend,
    width: Number(size[1]),
    height: Number(size[2]),
  };
}
