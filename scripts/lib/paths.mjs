import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where things are kept that a fresh clone need not fetch again. */
export const cacheDir =
  process.env.WHEELHOUSE_CACHE ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wheelhouse');
