import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { asWheelhouseError } from '../../base/errors';
import type { BackendStatus } from '../backend';
import type { Engine } from './engine';

/** Whether the engine answers, and if not, why and what to do. Never rejects but when aborted. */
export async function probe(engine: Engine, signal: AbortSignal): Promise<BackendStatus> {
  try {
    const { Version } = await engine.run('tell its version', signal, (docker) => docker.version());
    return { reachable: true, version: Version, message: `Docker Engine ${Version}.`, isolation: 'container' };
  } catch (error) {
    signal.throwIfAborted();
    const failure = asWheelhouseError(error);
    const code = (failure.cause as NodeJS.ErrnoException | undefined)?.code;
    const message = whatToDo(code, engine.socketPath, engineInstalled()) ?? failure.message;
    return { reachable: false, version: null, message, isolation: 'container' };
  }
}

/** Words for the ways in which the engine's socket does not answer; null for any other failure. */
export function whatToDo(code: string | undefined, socketPath: string, installed: boolean): string | null {
  switch (code) {
    case 'EACCES':
      return `This user may not use the Docker Engine (${socketPath}). Join its group: sudo usermod -aG docker "$USER", then log in again.`;
    case 'ENOENT':
      return installed
        ? `The Docker Engine is not running (no ${socketPath}). Start it: sudo systemctl start docker.`
        : 'The Docker Engine is not installed. Install it: sudo apt-get install docker.io.';
    case 'ECONNREFUSED':
      return `The Docker Engine has stopped (${socketPath} does not answer). Start it: sudo systemctl start docker.`;
    default:
      return null;
  }
}

const engineInstalled = (): boolean =>
  [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin'].some(
    (folder) => folder !== '' && existsSync(join(folder, 'dockerd')),
  );
