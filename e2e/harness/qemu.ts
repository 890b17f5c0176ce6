import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { z } from 'zod';
import type { PoolPatch } from '../../src-shared/pool';
import { Layout } from '../../src-main/sandbox/qemu/layout';
import { endMachine, isMachine, readPid } from '../../src-main/sandbox/qemu/process';
import { openDatabase } from '../../src-main/store/database';
import { settingsStore } from '../../src-main/store/settings';
import { storeFile } from '../../src-main/wheelhouse/dataDir';
import type { TestApp } from './app';

/** Small, and the same everywhere, so that every test clones the desktop that was saved once. */
export const small = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
/** The first desktop of a size is booted, checked and saved: a minute or more of an emulated processor. */
const firstDesktopMs = 240_000;

/** The only pool makes QEMU machines from here on; resolves when one is ready. */
export async function onQemu(app: TestApp, more: PoolPatch = {}): Promise<void> {
  const patch: PoolPatch = { backend: 'qemu', size: small, warm: { minimum: 1, maximum: 4 }, ...more };
  await app.invoke('pools.update', { id: 'desktop', patch });
  await readyOnQemu(app);
}

/** A machine of the pool is ready and is one of QEMU's; what the pool says of itself, when none comes. */
export async function readyOnQemu(app: TestApp, poolId = 'desktop'): Promise<void> {
  await expect
    .poll(
      async () => {
        const pool = (await app.invoke('pools.list', {})).find(({ id }) => id === poolId);
        const machines = await app.invoke('pools.machines', { id: poolId });
        const ready = machines.filter((machine) => machine.state === 'ready');
        const pids = await Promise.all(ready.map(({ machineId }) => qemuPid(app.dataDir, machineId)));
        if (pids.some((pid) => pid !== null)) return 'ready';
        return pool!.observed.conditions.map(({ reason, message }) => `${reason}: ${message}`).join(' | ');
      },
      { timeout: firstDesktopMs, intervals: [250] },
    )
    .toBe('ready');
}

function layoutOf(dataDir: string): Layout | null {
  const db = openDatabase(storeFile(dataDir));
  try {
    const installation = settingsStore(db).get('installationId', z.string());
    return installation === undefined ? null : new Layout(dataDir, installation);
  } finally {
    db.close();
  }
}

/** The process of a machine, as the system knows it and not as we say; null when there is none. */
export async function qemuPid(dataDir: string, machineId: string): Promise<number | null> {
  const files = layoutOf(dataDir)?.files(machineId);
  const pid = files ? readPid(files.pidFile) : null;
  return pid !== null && (await isMachine(pid, files!.name)) ? pid : null;
}

/** The process under a session. */
export async function qemuPidOf(app: TestApp, sessionId: string): Promise<number> {
  const { machineId } = await app.invoke('sessions.get', { sessionId });
  const pid = await qemuPid(app.dataDir, machineId ?? '');
  if (pid === null) throw new Error(`No QEMU process runs for ${sessionId}.`);
  return pid;
}

/** Processes that the installation in this data folder has. */
export async function qemuPidsOf(dataDir: string): Promise<number[]> {
  const machines = layoutOf(dataDir)?.all() ?? [];
  const pids = await Promise.all(machines.map(({ machineId }) => qemuPid(dataDir, machineId)));
  return pids.filter((pid) => pid !== null);
}

/** Ends the processes that a test's installation left behind, and nothing else. */
export async function endOurs(dataDir: string): Promise<void> {
  const layout = layoutOf(dataDir);
  for (const { machineId } of layout?.all() ?? []) {
    const files = layout!.files(machineId);
    const pid = readPid(files.pidFile);
    if (pid !== null) await endMachine(pid, files.name, AbortSignal.timeout(10_000));
    layout!.remove(machineId);
  }
}

/** Names of the checkpoints on the disk of the installation in this data folder; none while it has none. */
export const savedOf = (dataDir: string): Promise<string[]> =>
  readdir(join(dataDir, 'qemu', 'checkpoints')).catch(() => []);
