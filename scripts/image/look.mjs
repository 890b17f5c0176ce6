import { randomBytes } from 'node:crypto';
import { run, tryRun } from '../lib/run.mjs';

/**
 * Starts the image once in a throw-away container without network and checks that it shows a desktop.
 * @param {string} tag @param {{ onLine?: (line: string) => void, picture?: string, signal?: AbortSignal }} options `picture`: where to keep a PNG
 */
export const lookAt = async (tag, { onLine, picture, signal }) => {
  const name = `wheelhouse-look-${randomBytes(4).toString('hex')}`;
  const args = [
    'run',
    '--name',
    name,
    '--network',
    'none',
    '--user',
    '0',
    '--entrypoint',
    '/usr/bin/node',
    '--label',
    'dev.wheelhouse.image=look',
  ];
  try {
    await run('docker', [...args, tag, '/opt/wheelhouse/session/look.mjs', '/tmp/look.png'], {
      seconds: 60,
      onLine,
      signal,
    });
    if (picture) await run('docker', ['cp', `${name}:/tmp/look.png`, picture], { seconds: 20 });
  } finally {
    await tryRun('docker', ['rm', '-fv', name], { seconds: 30 });
  }
};
