import { WheelhouseError } from '../../base/errors';
import type { ExecResult, GuestClient, GuestWindow } from '../../guest/types';

const unused = (): never => {
  throw new Error('not part of this double');
};

export interface GuestDouble extends GuestClient {
  log: string[];
  exec: GuestClient['exec'];
  result: ExecResult;
  windows: GuestWindow[];
}

/** A guest that keeps a clipboard and does what it is told. */
export function guestDouble(machineId: string): GuestDouble {
  let clipboard = '';
  const guest: GuestDouble = {
    log: [],
    result: { stdout: 'out', stderr: '', exitCode: 0, success: true, timedOut: false, truncated: false },
    windows: [{ title: 'Terminal', processName: 'xterm', handle: '0x1', x: 0, y: 0, width: 400, height: 300 }],
    target: { machineId, path: '/nowhere', secret: 'secret' },
    health: unused,
    setEpoch: async () => {},
    mark: async () => {},
    settle: async () => ({ ended: 0, killed: 0 }),
    async exec(call) {
      guest.log.push(`exec ${call.command} @${call.epoch}`);
      return guest.result;
    },
    listWindows: async () => guest.windows,
    async activateWindow(call) {
      guest.log.push(`activate ${call.title} @${call.epoch}`);
      const window = guest.windows.find(({ title }) => title.includes(call.title));
      if (!window) throw new WheelhouseError('bad_request', 'No window has such a title.');
      return window;
    },
    closeWindow: unused,
    async launch(call) {
      guest.log.push(`launch ${[call.path, ...call.args].join('|')} @${call.epoch}`);
      return { path: `/usr/bin/${call.path}`, pid: 42 };
    },
    listProcesses: unused,
    clipboardRead: async () => clipboard,
    async clipboardWrite(call) {
      clipboard = call.text;
    },
    readFile: unused,
    writeFile: unused,
    onLost: () => () => {},
    close: () => {},
  };
  return guest;
}
