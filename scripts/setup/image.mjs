import { join } from 'node:path';
import { buildImage } from '../image/build.mjs';
import { withLock } from '../lib/lock.mjs';
import { cacheDir } from '../lib/paths.mjs';
import { SetupFailed } from './terminal.mjs';

/** @param {{ log: (line: string) => void }} context */
export const ensureImage = async ({ log }) => {
  try {
    const work = () => buildImage({ quiet: true });
    const { tag, built } = await withLock(join(cacheDir, 'image.lock'), work, {
      onWait: (pid) => log(`Process ${pid} makes the image; waiting for it`),
    });
    return built ? tag : null;
  } catch (error) {
    throw new SetupFailed(
      error.message,
      error.fix ?? 'read the lines above; then start again, finished steps are kept',
      [],
    );
  }
};
