import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { WheelhouseError } from './errors';

/** Writes all of it under the name, or nothing: what was begun lies beside it meanwhile. not_supported with the reason. */
export async function writeStream(path: string, from: Readable): Promise<void> {
  const part = `${path}.part`;
  try {
    await pipeline(from, createWriteStream(part, { mode: 0o600 }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof WheelhouseError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new WheelhouseError('not_supported', `The file could not be written: ${why}`, {}, { cause: error });
  }
}
