import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';

/** The real app as the set-up runs it, on a data folder that is gone afterwards. */
export interface BenchApp {
  electron: ElectronApplication;
  page: Page;
  close(): Promise<void>;
}

export async function launchApp(): Promise<BenchApp> {
  const executablePath = process.env.ELECTRON_EXEC_PATH;
  if (!executablePath) throw new Error('No Electron: run this by npm run bench, which does the set-up.');
  const dataDir = await mkdtemp(join(tmpdir(), 'wh-bench-app-'));
  const electron = await _electron.launch({
    executablePath,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), process.cwd(), '--data', dataDir, '--port', '0'],
    env: process.env as Record<string, string>,
  });
  const page = await electron.firstWindow();
  return {
    electron,
    page,
    async close() {
      await page
        .evaluate(async () => {
          const { data } = await window.wheelhouse!.invoke('sessions.list', { live: true, limit: 100 });
          for (const { sessionId } of data) await window.wheelhouse!.invoke('sessions.release', { sessionId });
        })
        .catch(() => {});
      // With no session left, quitting destroys the warm machines too.
      await electron.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
