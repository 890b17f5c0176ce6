import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { openDatabase } from '../../src-main/store/database';
import { settingsStore } from '../../src-main/store/settings';
import { storeFile } from '../../src-main/wheelhouse/dataDir';

const run = promisify(execFile);

export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args, { timeout: 30_000 })).stdout;
}

/** The container of one machine; empty when there is none any more. */
export async function containerOf(machineId: string): Promise<string> {
  return (await docker('ps', '-aq', '--filter', `label=dev.wheelhouse.machine=${machineId}`)).trim();
}

/** Ids of the containers that the installation in this data folder made. */
export async function containersOf(dataDir: string): Promise<string[]> {
  const db = openDatabase(storeFile(dataDir));
  try {
    const installation = settingsStore(db).get('installationId', z.string());
    if (installation === undefined) return [];
    const ids = await docker('ps', '-aq', '--filter', `label=dev.wheelhouse.installation=${installation}`);
    return ids.split('\n').filter(Boolean);
  } finally {
    db.close();
  }
}

/** Removes what a test's installation left behind, and nothing else. */
export async function removeOurs(dataDir: string): Promise<void> {
  const ids = await containersOf(dataDir).catch(() => []);
  if (ids.length > 0) await docker('rm', '-f', ...ids);
}
