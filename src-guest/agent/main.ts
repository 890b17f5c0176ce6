import { rmSync, writeFileSync } from 'node:fs';
import type { LinkCallName } from '@shared/link';
import type { CallHandlers } from '../callDispatch';
import { EpochFence } from '../epochFence';
import { LinkServer } from '../linkServer';
import { guestPaths } from '../paths';
import { becomeByFile, becomeByLines, linkPlace, type Identity } from './boots';
import { freeSpace } from './disk';
import { guestCrypto, kernelRandom } from './kernelRandom';
import { openScreen, watchScreen } from './screen';
import { SessionDoor } from './sessionDoor';
import { UsedMark } from './usedMark';

const log = (message: string): void => console.error(message);
const quit = (message: string): never => {
  log(message);
  process.exit(1);
};

/** Calls that run as the session's user. */
const sessionCalls = [
  'exec',
  'listWindows',
  'activateWindow',
  'closeWindow',
  'launch',
  'listProcesses',
  'clipboardRead',
  'clipboardWrite',
  'readFile',
  'writeFile',
] as const satisfies readonly LinkCallName[];

/**
 * The in-guest agent: the machine's one door. It proves itself to the broker, keeps the epoch, hands calls to the
 * session's supervisor and screens to the X server. It ends when the X server ends, and the machine with it.
 */
export async function run(): Promise<void> {
  // The broker and the supervisor have other numbers; the folders around the sockets keep everybody else out.
  process.umask(0);
  const place = linkPlace();
  let screenReady = false;
  watchScreen((reason) => quit(`screen: ${reason}`)).then(
    () => (screenReady = true),
    (error: Error) => quit(`screen: ${error.message}`),
  );
  const door = new SessionDoor(log);
  const used = new UsedMark(guestPaths.mark);
  const forwarded = Object.fromEntries(
    sessionCalls.map((name) => [name, (args: never, signal: AbortSignal) => door.call(name, args, signal)]),
  ) as Pick<CallHandlers, (typeof sessionCalls)[number]>;
  let server: LinkServer | null = null;

  const become = async ({ machineId, secret, bootId }: Identity): Promise<void> => {
    await door.renew();
    const fence = new EpochFence();
    const handlers: CallHandlers = {
      ...forwarded,
      health: async () => ({
        ...{ machineId, bootId, epoch: fence.epoch, screenReady, sessionReady: door.ready },
        disk: await freeSpace('/', guestPaths.home),
        mark: used.get(),
      }),
      mark: async ({ mark }) => {
        used.set(mark);
        return {};
      },
      settle: ({ ms }) => door.settle(ms),
      setEpoch: async ({ epoch }) => {
        await Promise.all([fence.raise(epoch), door.raise(epoch)]);
        return {};
      },
    };
    const identity = { machineId, secret, bootId, fence, handlers };
    if (server) return server.renew(identity);
    const fresh = new LinkServer({ ...identity, crypto: guestCrypto, log, openRfb: openScreen });
    if ('path' in place) rmSync(place.path, { force: true });
    await fresh.listen(place);
    server = fresh;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
  await door.listen();
  if ('path' in place) {
    // Machines made from one image differ; where there is a process 1 of ours, it sees to that.
    writeFileSync(guestPaths.machineId, `${kernelRandom(16).toString('hex')}\n`, { mode: 0o644 });
    return becomeByFile(become);
  }
  await becomeByLines(become, process.stdin, process.stdout);
  quit('boot: nobody is left who could say which machine this is');
}
