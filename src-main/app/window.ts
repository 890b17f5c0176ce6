import { join } from 'node:path';
import { BrowserWindow, nativeTheme } from 'electron';

/** Ground colours of the two themes, so that the first paint is not a white flash. */
const ground = () => (nativeTheme.shouldUseDarkColors ? '#151412' : '#F3F1EC');

/** The main window: isolated, sandboxed, without Node, on our own scheme. */
export function createMainWindow(options: {
  outDir: string;
  width: number;
  height: number;
  path?: string;
}): BrowserWindow {
  const window = new BrowserWindow({
    width: options.width,
    height: options.height,
    minWidth: 1024,
    minHeight: 700,
    useContentSize: true,
    show: false,
    title: 'Wheelhouse',
    backgroundColor: ground(),
    autoHideMenuBar: true,
    webPreferences: {
      preload: join(options.outDir, 'preload', 'index.cjs'),
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInSubFrames: false,
      nodeIntegrationInWorker: false,
      webSecurity: true,
      webviewTag: false,
      spellcheck: false,
      // The wall must go on while another window covers it: what waits for a person is announced by us.
      backgroundThrottling: false,
      navigateOnDragDrop: false,
    },
  });
  window.once('ready-to-show', () => window.show());
  void window.loadURL(`app://wheelhouse/${options.path ? `#${options.path}` : ''}`);
  return window;
}
