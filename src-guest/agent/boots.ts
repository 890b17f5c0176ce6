import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { bootSchema, type Boot } from '@shared/link';
import type { LinkPlace } from '../linkServer';
import { guestPaths } from '../paths';
import { kernelRandom } from './kernelRandom';

/** A machine and what it is called in this one life of it. */
export type Identity = Boot & { bootId: string };
/** Makes the agent that machine; resolves once it listens. */
export type Become = (identity: Identity) => Promise<void>;

/**
 * Where the agent listens: a socket in a private folder, or, in a machine with a kernel of its own, the address given
 * as `ADDRESS PORT PEER`, for connections from PEER alone. Throws when that is not what it is given.
 */
export function linkPlace(text = process.env['WHEELHOUSE_LINK']): LinkPlace {
  if (text === undefined) return { path: guestPaths.link };
  const [host, port, from] = text.split(' ');
  if (!host || !from || !/^\d{1,5}$/.test(port ?? '')) throw new Error('WHEELHOUSE_LINK is not ADDRESS PORT PEER.');
  return { host, port: Number(port), from };
}

/** A container is one machine for its whole life, told by a file. */
export async function becomeByFile(become: Become): Promise<void> {
  const boot = bootSchema.parse(JSON.parse(readFileSync(guestPaths.boot, 'utf8')));
  await become({ ...boot, bootId: kernelRandom(16).toString('hex') });
}

/**
 * A machine that can be saved and loaded hears `machineId bootId secret` in a line each time it wakes as another one,
 * and answers each with `ok` or the system's code of what went wrong. Resolves when the lines end. The lines come from
 * process 1, which has looked at them; here every instruction counts, because a machine that woke under emulation has
 * each translated anew.
 */
export function becomeByLines(become: Become, input: Readable, output: Writable): Promise<void> {
  return new Promise((resolve) => {
    let text = '';
    let last = Promise.resolve();
    const take = async (line: string) => {
      const [machineId, bootId, secret] = line.split(' ');
      if (!machineId || !bootId || !secret) return void output.write('EINVAL\n');
      try {
        await become({ machineId, bootId, secret });
        output.write('ok\n');
      } catch (error) {
        output.write(`${(error as NodeJS.ErrnoException).code ?? 'EIO'}\n`);
      }
    };
    input.setEncoding('utf8');
    input.on('data', (part: string) => {
      const lines = (text + part).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) last = last.then(() => take(line));
    });
    input.on('end', () => void last.then(resolve));
  });
}
