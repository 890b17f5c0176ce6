import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { runtimeFile } from './dataDir';

const runtimeSchema = z.object({ url: z.url(), pid: z.int().positive(), token: z.string().min(1) });

/** Where the running broker answers, and a token for this user's own command line. */
export type Runtime = z.output<typeof runtimeSchema>;

/** Readable by this user alone; written whole or not at all. */
export function writeRuntime(dataDir: string, runtime: Runtime): void {
  const file = runtimeFile(dataDir);
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, JSON.stringify(runtime), { mode: 0o600, flag: 'wx' });
  renameSync(`${file}.new`, file);
}

/** Null when nothing runs here, as far as the file tells: after a crash it is stale, and its token is worth nothing. */
export function readRuntime(dataDir: string): Runtime | null {
  try {
    return runtimeSchema.parse(JSON.parse(readFileSync(runtimeFile(dataDir), 'utf8')));
  } catch {
    return null;
  }
}

export const removeRuntime = (dataDir: string): void => rmSync(runtimeFile(dataDir), { force: true });
