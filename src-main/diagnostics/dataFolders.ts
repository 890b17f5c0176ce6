import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../base/logger';

/**
 * Notes in the cache that this data folder uses its images: whoever removes old images looks there first
 * (scripts/image/qemu/outdated.mjs). A cache that can't be written to is no reason not to start.
 */
export function noteDataFolder(cacheDir: string, dataDir: string, logger: Logger): void {
  try {
    const folder = join(cacheDir, 'qemu', 'data-folders');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
    writeFileSync(join(folder, name), `${dataDir}\n`, { mode: 0o600 });
  } catch (error) {
    logger.warn({ err: error }, 'the data folder could not be noted in the cache');
  }
}
