import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, dialog, type BrowserWindow } from 'electron';
import { parseOptions } from './app/options';
import { registerScheme } from './app/protocol';
import { runApp } from './app/run';

/**
 * The desktop app's entry. What must happen before Electron is ready happens here; the rest is app/run.ts.
 * One app a data folder: a second start shows the first one's window instead.
 */
function main(): void {
  const options = parseOptions(process.argv.slice(1), process.env, process.platform);
  app.setName('Wheelhouse');
  app.setPath('userData', join(options.dataDir, 'window'));
  registerScheme();
  if (!app.requestSingleInstanceLock()) {
    process.stderr.write('Wheelhouse is already running on this data folder; its window was brought to the front.\n');
    app.exit(0);
    return;
  }
  let window: BrowserWindow | null = null;
  app.on('second-instance', () => {
    if (window?.isMinimized()) window.restore();
    window?.focus();
  });
  void app
    .whenReady()
    .then(() => runApp({ ...options, operator: userInfo().username, mainFile: fileURLToPath(import.meta.url) }))
    .then((shown) => (window = shown))
    .catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(`Wheelhouse could not start: ${message}\n`);
      // Nobody can close a box on a virtual display.
      if (process.env.WHEELHOUSE_HEADLESS !== '1') dialog.showErrorBox('Wheelhouse could not start', message);
      app.exit(1);
    });
}

try {
  main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  app.exit(2);
}
