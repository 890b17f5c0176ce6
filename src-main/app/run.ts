import { dirname, join } from 'node:path';
import { app, type BrowserWindow } from 'electron';
import { Emitter } from '../base/emitter';
import { createLogger } from '../base/logger';
import { WheelhouseError } from '../base/errors';
import { createDemo } from '../demo/service';
import { createHandlers, imageScriptIn } from '../ipc/handlers';
import { createRouter } from '../ipc/router';
import { startWheelhouse, type TokenUse } from '../wheelhouse';
import { installMenu } from './menu';
import { notifyOfAttention } from './notifications';
import type { AppOptions } from './options';
import { serveScheme } from './protocol';
import { createPush, listen } from './ipcBridge';
import { hardenApp } from './security';
import { createShell, outDirOf, packageFile, versionOf } from './shell';
import { createTheme } from './theme';
import { createMainWindow } from './window';

/**
 * The composition of the desktop app: the broker of wheelhouse.ts, and a window on it. Resolves with the window once
 * it loads; the broker looks at its machines meanwhile. Quitting leaves machines of live sessions to be adopted again.
 */
export async function runApp(options: AppOptions & { operator: string; mainFile: string }): Promise<BrowserWindow> {
  const outDir = outDirOf(options.mainFile);
  const logger = createLogger({ file: join(options.dataDir, 'logs', 'wheelhouse.log') });
  hardenApp(logger);

  const windows: BrowserWindow[] = [];
  const push = createPush(() => windows);
  const tokenUses = new Emitter<TokenUse>();
  const wheelhouse = await startWheelhouse({
    dataDir: options.dataDir,
    port: options.port ?? undefined,
    anyPortWhenTaken: options.port === null,
    logger,
    operator: options.operator,
    // The window comes first: a hung engine is waited for behind it.
    patienceMs: 1_000,
    onTokenUse: (use) => tokenUses.emit(use),
  });
  const theme = createTheme({
    read: () => wheelhouse.theme.get(),
    write: (choice) => wheelhouse.theme.set(choice),
    announce: (value) => push('theme', value),
  });
  const shell = createShell({
    version: versionOf(packageFile()),
    url: wheelhouse.url,
    dataDir: options.dataDir,
    operator: options.operator,
    theme,
  });
  const docker = wheelhouse.backends.get('docker');
  if (!docker) throw new WheelhouseError('internal', 'The app has no Docker backend.');
  const demo = createDemo({
    ...wheelhouse,
    script: join(dirname(options.mainFile), 'demoAgent.js'),
    logger,
    announce(status) {
      push('demo', status);
      const began = status.sessionId !== null && status.sessionId !== shownDemo;
      if (!began) return;
      shownDemo = status.sessionId;
      push('navigate', { path: `/session/${status.sessionId}` });
    },
  });
  let shownDemo: string | null = null;
  const handlers = createHandlers(
    { ...wheelhouse, logger, operator: { name: options.operator, admin: true }, push },
    shell,
    { docker, demo, imageScript: imageScriptIn(dirname(outDir)), dataDir: options.dataDir },
  );
  tokenUses.on((use) => handlers.firstCalls.used(use));
  listen(() => windows, createRouter(handlers.requests, { logger, ids: wheelhouse.ids }));
  serveScheme({
    root: join(outDir, 'renderer'),
    pictures: () => handlers.pictures,
    brokerPort: () => wheelhouse.port,
    devServer: process.env.ELECTRON_RENDERER_URL ?? null,
    logger,
  });

  const window = createMainWindow({ outDir, width: options.width, height: options.height });
  windows.push(window);
  installMenu((path) => push('navigate', { path }));
  const stopNotifying = notifyOfAttention(
    wheelhouse.bus,
    () => wheelhouse.attention.list().filter((item) => item.state === 'waiting').length,
    (item) => {
      window.show();
      window.focus();
      push('navigate', { path: item.sessionId ? `/session/${item.sessionId}` : '/attention' });
    },
  );
  app.on('window-all-closed', () => app.quit());
  let stopping = false;
  app.on('before-quit', (event) => {
    if (stopping) return;
    stopping = true;
    event.preventDefault();
    stopNotifying();
    void handlers
      .close()
      .then(() => wheelhouse.stop({ destroy: wheelhouse.broker.sessions.live().length === 0 }))
      .catch((error: unknown) => logger.error({ err: error }, 'stopping failed'))
      .finally(() => app.exit(0));
  });
  if (options.demo) void handlers.requests['demo.start']({});
  return window;
}
