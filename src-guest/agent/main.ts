import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { bootSchema, type LinkCallName } from '@shared/link';
import type { CallHandlers } from '../callDispatch';
import { EpochFence } from '../epochFence';
import { linkCrypto } from '../linkCrypto';
import { LinkServer } from '../linkServer';
import { guestPaths } from '../paths';
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
  const boot = bootSchema.parse(JSON.parse(readFileSync(guestPaths.boot, 'utf8')));
  let screenReady = false;
  watchScreen((reason) => quit(`screen: ${reason}`)).then(
    () => (screenReady = true),
    (error: Error) => quit(`screen: ${error.message}`),
  );
  // Machines made from one image differ.
  writeFileSync(guestPaths.machineId, `${randomUUID().replaceAll('-', '')}\n`, { mode: 0o644 });

  const bootId = randomUUID();
  const fence = new EpochFence();
  const door = new SessionDoor(log);
  const forwarded = Object.fromEntries(
    sessionCalls.map((name) => [name, (args: never, signal: AbortSignal) => door.call(name, args, signal)]),
  ) as Pick<CallHandlers, (typeof sessionCalls)[number]>;
  const server = new LinkServer({
    machineId: boot.machineId,
    secret: boot.secret,
    bootId,
    crypto: linkCrypto,
    fence,
    log,
    openRfb: openScreen,
    handlers: {
      ...forwarded,
      health: async () => ({
        machineId: boot.machineId,
        bootId,
        epoch: fence.epoch,
        screenReady,
        sessionReady: door.ready,
      }),
      setEpoch: async ({ epoch }) => {
        await Promise.all([fence.raise(epoch), door.raise(epoch)]);
        return {};
      },
    },
  });
  await door.listen();
  rmSync(guestPaths.link, { force: true });
  await server.listen(guestPaths.link);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
}
