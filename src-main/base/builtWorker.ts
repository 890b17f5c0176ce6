import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WheelhouseError } from './errors';

/**
 * The built worker of this name beside the asking module (its import.meta.url) or one folder up, as bundlers put shared
 * code in a folder of chunks; null when that module runs from source, where no worker exists. A build without its worker
 * is an error (internal): its work must not be done on the main loop unnoticed.
 */
export function builtWorker(name: string, here: string): URL | null {
  for (const folder of ['./', '../']) {
    const url = new URL(`${folder}${name}.js`, here);
    if (existsSync(fileURLToPath(url))) return url;
  }
  if (here.endsWith('.ts')) return null;
  throw new WheelhouseError('internal', `The build has no ${name}.js.`);
}
