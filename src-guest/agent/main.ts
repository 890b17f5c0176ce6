import { rmSync, writeFileSync } from 'node:fs';
import type { Boot, LinkCallName } from '@shared/link';
import type { CallHandlers } from '../callDispatch';
import { EpochFence } from '../epochFence';
import { LinkServer } from '../linkServer';
import { guestPaths } from '../paths';
import { becomeByFile, becomeByLines, linkPlace } from './boots';
import { guestCrypto, kernelRandom } from './kernelRandom';
import { openScreen, watchScreen } from './screen';
import { SessionDoor } from './sessionDoor';

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
  const forwarded = Object.fromEntries(
    sessionCalls.map((name) => [name, (args: never, signal: AbortSignal) => door.call(name, args, signal)]),
  ) as Pick<CallHandlers, (typeof sessionCalls)[number]>;
  let server: LinkServer | null = null;

  const become = async ({ machineId, secret }: Boot): Promise<string> => {
    server?.close();
    await door.renew();
    // Machines made from one image, or woken from one memory, differ.
    writeFileSync(guestPaths.machineId, `${kernelRandom(16).toString('hex')}\n`, { mode: 0o644 });
    const bootId = kernelRandom(16).toString('hex');
    const fence = new EpochFence();
    server = new LinkServer({
      machineId,
      secret,
      bootId,
      crypto: guestCrypto,
      fence,
      log,
      openRfb: openScreen,
      handlers: {
        ...forwarded,
        health: async () => ({ machineId, bootId, epoch: fence.epoch, screenReady, sessionReady: door.ready }),
        setEpoch: async ({ epoch }) => {
          await Promise.all([fence.raise(epoch), door.raise(epoch)]);
          return {};
        },
      },
    });
    if ('path' in place) rmSync(place.path, { force: true });
    await server.listen(place);
    return bootId;
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
  await door.listen();
  if ('path' in place) return becomeByFile(become);
  await becomeByLines(become, process.stdin, process.stdout);
  quit('boot: nobody is left who could say which machine this is');
}
