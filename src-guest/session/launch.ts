import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import type { LinkArgs, LinkResult } from '@shared/link';
import { GuestError } from '../guestError';

const searched = ['/usr/local/bin', '/usr/bin'];
const allowed = ['/usr/local/bin', '/usr/bin', '/opt'];
/** Where what an allowed name stands for may lie: distributions put programs' bodies below these. */
const allowedBodies = [...allowed, '/usr/lib', '/usr/share', '/usr/games'];
const inside = (folders: readonly string[], path: string): boolean =>
  folders.some((folder) => path.startsWith(`${folder}/`));

/**
 * Starts a program of the image, detached, on the session's screen. Names without a folder are searched for.
 * Throws forbidden (not one of the allowed folders), not_found, guest_failed.
 */
export async function launch(
  call: LinkArgs<'launch'>,
  options: { home: string; environment: Readonly<Record<string, string>> },
): Promise<LinkResult<'launch'>> {
  const path = await find(call.path);
  return new Promise((resolve, reject) => {
    const child = spawn(path, call.args, {
      cwd: options.home,
      env: options.environment,
      detached: true,
      stdio: 'ignore',
    });
    child.once('error', (error) =>
      reject(new GuestError('guest_failed', `${path} could not be started: ${error.message}`)),
    );
    child.once('spawn', () => {
      child.unref();
      resolve({ path, pid: child.pid ?? 0 });
    });
  });
}

async function find(wanted: string): Promise<string> {
  if (!isAbsolute(wanted)) {
    if (wanted.includes('/')) throw new GuestError('bad_request', 'path must be absolute or a program’s bare name.');
    for (const folder of searched) {
      const path = join(folder, wanted);
      if (await isProgram(path)) return path;
    }
    throw new GuestError('not_found', `There is no program ${wanted} on this computer.`);
  }
  const path = normalize(wanted);
  if (!inside(allowed, path)) {
    throw new GuestError('forbidden', `Applications are started from ${allowed.join(', ')} only.`);
  }
  if (!(await isProgram(path))) throw new GuestError('not_found', `There is no program ${wanted} on this computer.`);
  if (!inside(allowedBodies, await realpath(path))) {
    throw new GuestError('forbidden', `${wanted} stands for a file outside ${allowed.join(', ')}.`);
  }
  return path;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
