import { join } from 'node:path';
import { startDisplay } from './display.mjs';

const executable =
  process.platform === 'win32'
    ? 'electron.exe'
    : process.platform === 'darwin'
      ? 'Electron.app/Contents/MacOS/Electron'
      : 'electron';

const howToSee = (display) => `No display here: the window is on the virtual display ${display}.
  To see it: apt-get install x11vnc && x11vnc -display ${display} -localhost -once, then open a VNC viewer on localhost:5900
  (from another computer: ssh -L 5900:localhost:5900 USER@THIS-COMPUTER first).`;

/**
 * What it takes to run the app's Electron here: the environment, the arguments before the app's own, and a display.
 * @param {{ electron: { folder: string } | null, display: boolean }} ready what setUp found
 * @param {{ say?: (text: string) => void }} [options]
 */
export const prepareElectron = async ({ electron, display }, { say = console.log } = {}) => {
  if (!electron) throw new Error('There is no Electron runtime: run npm start, which gets one');
  const virtual = display ? null : await startDisplay();
  const root = process.getuid?.() === 0;
  if (virtual) say(howToSee(virtual.name));
  if (root) say('Running as root: Electron’s own sandbox is off (--no-sandbox). As an ordinary user it is on.');
  const env = {
    ...process.env,
    ELECTRON_OVERRIDE_DIST_PATH: electron.folder,
    ELECTRON_EXEC_PATH: join(electron.folder, executable),
  };
  // Set where an editor runs us: it would turn the app into plain Node.
  delete env.ELECTRON_RUN_AS_NODE;
  if (virtual) Object.assign(env, { DISPLAY: virtual.name, WHEELHOUSE_HEADLESS: '1' });
  return {
    env,
    executable: env.ELECTRON_EXEC_PATH,
    args: root ? ['--no-sandbox'] : [],
    root,
    stop: () => virtual?.stop(),
  };
};
