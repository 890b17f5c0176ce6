import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { bootSchema, type Boot } from '@shared/link';
import type { LinkPlace } from '../linkServer';
import { guestPaths } from '../paths';

/** Makes the agent that machine; resolves with its boot id once it listens. */
export type Become = (boot: Boot) => Promise<string>;

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
  await become(bootSchema.parse(JSON.parse(readFileSync(guestPaths.boot, 'utf8'))));
}

/**
 * A machine that can be saved and loaded hears a line of JSON each time it wakes as another one, and answers each with a
 * line: `{bootId}` or `{error}`. Resolves when the lines end.
 */
export async function becomeByLines(become: Become, input: Readable, output: Writable): Promise<void> {
  for await (const line of createInterface({ input })) {
    let answer;
    try {
      answer = { bootId: await become(bootSchema.parse(JSON.parse(line))) };
    } catch (error) {
      // Not the error's own text when the line was wrong: it may quote the line, and the line holds a secret.
      const code = (error as NodeJS.ErrnoException).code;
      answer = { error: code ?? 'the line is not a machine and its secret' };
    }
    output.write(`${JSON.stringify(answer)}\n`);
  }
}
