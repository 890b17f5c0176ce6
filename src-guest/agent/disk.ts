import { statfs } from 'node:fs/promises';
import type { LinkResult } from '@shared/link';

/** Bytes that users can still write to the file systems of these folders: statfs(2), f_bavail. */
export async function freeSpace(system: string, home: string): Promise<NonNullable<LinkResult<'health'>['disk']>> {
  const [freeBytes, homeFreeBytes] = await Promise.all([free(system), free(home)]);
  return { freeBytes, homeFreeBytes };
}

async function free(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
