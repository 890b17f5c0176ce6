import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandFailed, run, tryRun } from '../lib/run.mjs';

const published = 'debian:bookworm-slim';
const selfMade = 'wheelhouse/base:bookworm';

const exists = async (image) =>
  (await tryRun('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { seconds: 20 })) !== null;

/** Whether the registry answers at all, within 4 s: a pull from one that does not would hang for minutes. */
const registryAnswers = () =>
  fetch('https://registry-1.docker.io/v2/', { signal: AbortSignal.timeout(4000) })
    .then((response) => response.status === 200 || response.status === 401)
    .catch(() => false);

/**
 * The name of a Debian bookworm image on this engine: one that is there, the published one, or one made here from
 * Debian's packages where no registry answers.
 * @param {(line: string) => void} log @param {AbortSignal} [signal]
 */
export const ensureBase = async (log, signal) => {
  for (const image of [published, selfMade]) if (await exists(image)) return image;
  if (await registryAnswers()) {
    try {
      await run('docker', ['pull', published], { seconds: 300, silentSeconds: 60, onLine: log, signal });
      return published;
    } catch (error) {
      if (signal?.aborted) throw error;
      log(`The registry did not deliver (${error.message}); making the base from Debian's packages.`);
    }
  } else {
    log('No image registry answers; making the base from Debian’s packages.');
  }
  const folder = mkdtempSync(join(tmpdir(), 'wheelhouse-base-'));
  try {
    const tar = join(folder, 'root.tar');
    const options = { seconds: 900, silentSeconds: 180, onLine: log, signal };
    await run('mmdebstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', tar], options);
    await run('docker', ['import', '--change', 'LABEL dev.wheelhouse.image=base', tar, selfMade], {
      seconds: 300,
      onLine: log,
      signal,
    });
  } catch (error) {
    if (error instanceof CommandFailed && /not installed/.test(error.message))
      error.fix = 'sudo apt-get install mmdebstrap';
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return selfMade;
};
