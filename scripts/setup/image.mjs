import { join } from 'node:path';
import { buildImage } from '../image/build.mjs';
import { buildMachineImage } from '../image/qemu/build.mjs';
import { withLock } from '../lib/lock.mjs';
import { cacheDir } from '../lib/paths.mjs';
import { SetupFailed } from './terminal.mjs';

/** Makes an image unless it is there; one process at a time does. Resolves with its tag when it made one. */
const ensure = async (log, build) => {
  try {
    const { tag, built } = await withLock(join(cacheDir, 'image.lock'), () => build({ quiet: true }), {
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

/** @param {{ log: (line: string) => void }} context */
export const ensureImage = ({ log }) => ensure(log, buildImage);

/**
 * @param {{ log: (line: string) => void, docker: boolean }} context `docker`: its root file system may come from the Docker
 *   image; else it is made from Debian's packages
 */
export const ensureMachineImage = ({ log, docker }) =>
  ensure(log, (options) => buildMachineImage({ ...options, from: docker ? 'docker' : 'packages' }));
