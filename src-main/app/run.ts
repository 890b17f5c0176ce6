import { dirname, join } from 'node:path';
import { app, type BrowserWindow } from 'electron';
import { Emitter } from '../base/emitter';
import { createLogger } from '../base/logger';
import { mustBeFree } from '../base/freePort';
import { createDemo } from '../demo/service';
import { noteDataFolder } from '../diagnostics/dataFolders';
import { lookAtEverything } from '../diagnostics/look';
import { createHandlers } from '../ipc/handlers';
import { imageScriptsIn } from '../ipc/setupRoom';
import { createRouter } from '../ipc/router';
import { cacheFolder } from '../sandbox/qemu/image';
import { startWheelhouse, type TokenUse } from '../wheelhouse';
import { usualPort } from '../wheelhouse/compose';
import { storeFile } from '../wheelhouse/dataDir';
import { firstPoolId, poolOn, settleFirstPool } from '../wheelhouse/firstPool';
import { destroysAtStop, drainWithinMs } from '../wheelhouse/settings';
import { demoPlace } from './demoPlace';
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
  const logFile = join(options.dataDir, 'logs', 'wheelhouse.log');
  const logger = createLogger({ file: logFile });
  hardenApp(logger);

  const windows: BrowserWindow[] = [];
  const push = createPush(() => windows);
  if (options.port !== null) await mustBeFree(options.port);
  noteDataFolder(cacheFolder(), options.dataDir, logger);
  const tokenUses = new Emitter<TokenUse>();
  const wheelhouse = await startWheelhouse({
    dataDir: options.dataDir,
    port: options.port ?? undefined,
    anyPortWhenTaken: options.port === null,
    logger,
    operator: options.operator,
    defaultBackend: options.backend ?? undefined,
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
  const demo = createDemo({
    ...wheelhouse,
    script: join(dirname(options.mainFile), 'demoAgent.js'),
    place: demoPlace(wheelhouse, options.backend),
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
  const { db, settings, backends, broker } = wheelhouse;
  /** A folder that could make no desktop so far gets its first pool by the first image that comes. */
  const firstImage = () =>
    settleFirstPool({
      ...{ db, settings, backends, wanted: null },
      setBackend: (backend) => void broker.pools.update(firstPoolId, { backend }),
    }).catch((error: unknown) => logger.error({ err: error }, 'the first pool was not settled'));
  const wanted = options.backend;
  if (wanted !== null) {
    const made = wheelhouse.adopted.then(() => poolOn(wanted, broker.pools));
    made.catch((error: unknown) => logger.error({ err: error, wanted }, 'there is no pool on this backend'));
  }
  const handlers = createHandlers(
    { ...wheelhouse, logger, operator: { name: options.operator, admin: true }, push },
    shell,
    {
      backends: wheelhouse.backends,
      demo,
      imageScripts: imageScriptsIn(dirname(outDir)),
      dataDir: options.dataDir,
      onImage: () => void firstImage().finally(() => wheelhouse.broker.reconcile()),
      look: () =>
        lookAtEverything({
          app: {
            version: shell.info().version,
            electron: process.versions.electron ?? null,
            unofficialRuntime: shell.info().unofficialRuntime,
            sandboxed: shell.info().sandboxed,
            headless: shell.info().headless,
            url: wheelhouse.url,
            usualPort,
            logFile,
          },
          dataDir: options.dataDir,
          storeFile: storeFile(options.dataDir),
          cacheDir: cacheFolder(),
          backends: wheelhouse.backends,
          clock: wheelhouse.clock,
        }),
    },
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
      .then(() => {
        const usual = wheelhouse.broker.sessions.live().length === 0 ? 'destroy' : 'keep';
        const destroy = destroysAtStop(null, wheelhouse.people.get().onStop, usual);
        return wheelhouse.stop({ destroy, drainMs: drainWithinMs });
      })
      .catch((error: unknown) => logger.error({ err: error }, 'stopping failed'))
      .finally(() => app.exit(0));
  });
  if (options.demo) void handlers.requests['demo.start']({});
  return window;
}
