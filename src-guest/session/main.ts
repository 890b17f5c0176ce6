import { connect, type Socket } from 'node:net';
import { linkLimits } from '@shared/link';
import { CallDispatch, type CallHandlers } from '../callDispatch';
import { EpochFence } from '../epochFence';
import { FramedSocket } from '../framedSocket';
import { GuestError } from '../guestError';
import { guestPaths } from '../paths';
import { patience } from '../patience';
import { Clipboard } from '../x11/clipboard';
import { XConnection } from '../x11/connection';
import { getWords } from '../x11/properties';
import { Windows } from '../x11/windows';
import { exec } from './exec';
import { SessionFiles } from './files';
import { openToItsOwner } from './home';
import { launch } from './launch';
import { listProcesses } from './processes';
import { keep, readSessionFile, type Surroundings } from './programs';
import { endPrograms, ownPrograms } from './settle';
import { writeOut } from './writeOut';

const startMs = 20_000 * patience;
const retryMs = 3;

/**
 * The supervisor of the session, run as its user: starts the programs of the desktop and does what the agent is called
 * for. It lives as long as its connection to the agent, which is made once.
 */
export async function run(): Promise<void> {
  openToItsOwner(guestPaths.home);
  const { environment, programs } = readSessionFile(guestPaths.sessionFile);
  const socket = await persist('the in-guest agent', () => openSocket(guestPaths.session));
  const framed = new FramedSocket(
    socket,
    linkLimits.frameBytes,
    () => {},
    () => process.exit(0),
  );
  // Nobody reads this program's own output; the agent writes the machine's log.
  const log = (message: string): void => void framed.send({ note: message.slice(0, 2000) });
  const over = new AbortController();
  const surroundings: Surroundings = {
    ...{ home: guestPaths.home, environment, log },
    ...{ over: over.signal, pids: new Set() },
  };

  const x = persist('the X server', () => XConnection.open(guestPaths.display));
  const clipboard = x.then((connection) => Clipboard.open(connection));
  const windows = new Windows(() => x);
  const files = new SessionFiles(guestPaths.home);
  const ready = x.then(async (connection) => {
    const start = (late: boolean) =>
      Promise.all(programs.filter((one) => (one.late ?? false) === late).map((one) => keep(one, surroundings)));
    await start(false);
    await managed(connection);
    return { all: start(true) };
  });
  // What comes late is not waited for to call the machine ready, but before anything is run on it.
  const complete = ready.then(({ all }) => all);
  for (const promise of [clipboard, ready, complete]) promise.catch((error: Error) => log(error.message));

  const fence = new EpochFence();
  const handlers: Partial<CallHandlers> = {
    async setEpoch({ epoch }) {
      await fence.raise(epoch);
      return {};
    },
    async health() {
      await ready;
      // The agent knows the machine; it asks only whether the session stands.
      return { machineId: 'session', bootId: 'session', epoch: 0, screenReady: true, sessionReady: true };
    },
    async settle({ ms }) {
      over.abort();
      const result = await endPrograms(ownPrograms(), { ms, kept: (pid) => surroundings.pids.has(pid) });
      await writeOut(guestPaths.home);
      return result;
    },
    exec: async (call, signal) => {
      await complete;
      if (over.signal.aborted) throw new GuestError('guest_failed', 'The session is ending.');
      return exec(call, surroundings, signal);
    },
    launch: async (call, signal) => {
      await complete;
      signal.throwIfAborted();
      if (over.signal.aborted) throw new GuestError('guest_failed', 'The session is ending.');
      return launch(call, surroundings);
    },
    listWindows: () => windows.list(),
    activateWindow: ({ title }) => windows.activate(title),
    closeWindow: ({ title }) => windows.close(title),
    listProcesses: ({ maxCount }) => listProcesses(maxCount),
    clipboardRead: async () => ({ text: await (await clipboard).read() }),
    clipboardWrite: async ({ text }) => {
      await (await clipboard).write(text);
      return {};
    },
    readFile: async ({ path }) => ({ data: (await files.read(path)).toString('base64') }),
    writeFile: async ({ path, data, mode }) => {
      await files.write(path, Buffer.from(data, 'base64'), mode);
      return {};
    },
  };
  framed.handle(new CallDispatch(framed, { handlers, fence }).handle);
}

/** Resolves when a window manager has taken the screen (EWMH: _NET_SUPPORTING_WM_CHECK on the root window). */
async function managed(x: XConnection): Promise<void> {
  await persist('the window manager', async () => {
    const [check] = await getWords(x, x.root, '_NET_SUPPORTING_WM_CHECK');
    if (!check) throw new GuestError('not_ready', 'no window manager');
  });
}

/** Tries again until it works; rejects after `startMs`. */
async function persist<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + startMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > giveUpAt) throw new Error(`${what} did not answer`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

const openSocket = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
