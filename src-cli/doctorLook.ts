import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import type { Diagnostics } from '@shared/diagnostics';
import { systemClock } from '../src-main/base/clock';
import { silentLogger } from '../src-main/base/logger';
import { lookAtEverything } from '../src-main/diagnostics/look';
import { cacheFolder } from '../src-main/sandbox/qemu/image';
import { usualBackends } from '../src-main/wheelhouse/backends';
import { usualPort } from '../src-main/wheelhouse/compose';
import { storeFile } from '../src-main/wheelhouse/dataDir';
import { readRuntime } from '../src-main/wheelhouse/runtime';

/** Whose machines to count; a folder that was never used has none. Nothing is written: a broker may be running. */
function installationOf(file: string): string {
  const nobody = 'no-installation';
  if (!existsSync(file)) return nobody;
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      const row = db.prepare("SELECT value FROM settings WHERE key = 'installationId'").get() as
        { value: string } | undefined;
      const id: unknown = row === undefined ? null : JSON.parse(row.value);
      return typeof id === 'string' ? id : nobody;
    } finally {
      db.close();
    }
  } catch {
    return nobody;
  }
}

const runs = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Everything that Diagnostics shows, without a broker. */
export async function lookFromOutside(dataDir: string, version: string): Promise<Diagnostics> {
  const file = storeFile(dataDir);
  const appLog = join(dataDir, 'logs', 'wheelhouse.log');
  const runtime = readRuntime(dataDir);
  const backends = usualBackends({ dataDir, installationId: installationOf(file), logger: silentLogger });
  try {
    return await lookAtEverything({
      app: {
        ...{ version, electron: null, unofficialRuntime: false, sandboxed: null, headless: false },
        url: runtime !== null && runs(runtime.pid) ? runtime.url : null,
        usualPort,
        // Where the app writes; `serve` writes to standard error, and leaves none here.
        logFile: existsSync(appLog) ? appLog : null,
        outside: true,
      },
      dataDir,
      storeFile: file,
      cacheDir: cacheFolder(),
      backends: new Map(backends.map((backend) => [backend.kind, backend])),
      clock: systemClock,
    });
  } finally {
    await Promise.all(backends.map((backend) => backend.close()));
  }
}
