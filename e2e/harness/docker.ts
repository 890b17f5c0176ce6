import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
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

/** What marks containers and volumes of the installation in this data folder; null where there was none yet. */
function labelOf(dataDir: string): string | null {
  const db = openDatabase(storeFile(dataDir));
  try {
    const installation = settingsStore(db).get('installationId', z.string());
    return installation === undefined ? null : `label=dev.wheelhouse.installation=${installation}`;
  } finally {
    db.close();
  }
}

const lines = (text: string) => text.split('\n').filter(Boolean);

/** Ids of the containers that the installation in this data folder made. */
export async function containersOf(dataDir: string): Promise<string[]> {
  const label = labelOf(dataDir);
  return label === null ? [] : lines(await docker('ps', '-aq', '--filter', label));
}

/** Removes what a test's installation left behind, kept homes included, and nothing else. */
export async function removeOurs(dataDir: string): Promise<void> {
  const ids = await containersOf(dataDir).catch(() => []);
  if (ids.length > 0) await docker('rm', '-f', ...ids);
  const label = existsSync(storeFile(dataDir)) ? labelOf(dataDir) : null;
  const volumes = label === null ? [] : lines(await docker('volume', 'ls', '-q', '--filter', label));
  if (volumes.length > 0) await docker('volume', 'rm', '-f', ...volumes);
}
