import { connect, type Socket } from 'node:net';
import { bounded } from '../base/bounded';
import { Emitter } from '../base/emitter';
import { WheelhouseError } from '../base/errors';
import type { LinkTarget } from '../sandbox/backend';
import type { RfbPath } from './rfbPath';
import type { GuestClient } from './types';

/** Milliseconds for a connection and the server's greeting. */
const greetingMs = 5_000;
const greetingBytes = 12;

const failed = (target: LinkTarget, words: string): WheelhouseError =>
  new WheelhouseError('guest_failed', words, { machineId: target.machineId });

/** A connection to the machine's own RFB server, nothing read. Rejects with guest_failed, guest_timeout or as aborted. */
export function openScreen(target: LinkTarget, path: RfbPath, parent?: AbortSignal): Promise<Socket> {
  return bounded(
    "Reaching the machine's screen",
    greetingMs,
    parent,
    (signal) =>
      new Promise<Socket>((resolve, reject) => {
        const socket = connect(path.socket);
        const stop = (): void => {
          socket.destroy();
          reject(signal.reason);
        };
        signal.addEventListener('abort', stop, { once: true });
        socket.once('error', (error) => {
          signal.removeEventListener('abort', stop);
          reject(failed(target, `The machine's screen can't be reached: ${error.message}.`));
        });
        socket.once('connect', () => {
          signal.removeEventListener('abort', stop);
          // Whoever gets it listens for its end; an error before that must not end this program.
          socket.removeAllListeners('error').on('error', () => {});
          resolve(socket);
        });
      }),
    'guest_timeout',
  );
}

/** Connects and waits for the first words of an RFB server. Whoever gets the socket owns it. */
async function greeted(target: LinkTarget, path: RfbPath, ms: number, parent?: AbortSignal): Promise<Socket> {
  return bounded(
    "The greeting of the machine's screen",
    ms,
    parent,
    async (signal) => {
      const socket = await openScreen(target, path, signal);
      const stop = (): void => void socket.destroy();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const greeting = await firstWords(socket);
        if (!greeting.toString('latin1').startsWith('RFB 003.')) throw failed(target, 'No screen answers there.');
        signal.throwIfAborted();
        return socket;
      } catch (error) {
        socket.destroy();
        throw error instanceof WheelhouseError ? error : failed(target, `The machine's screen: ${String(error)}.`);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    'guest_timeout',
  );
}

function firstWords(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection')));
    const take = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      if (held.length < greetingBytes) return;
      // It flows on, unread: a socket that nobody drains does not tell of its end.
      socket.off('data', take).resume();
      resolve(held);
    };
    socket.on('data', take);
  });
}

/**
 * A machine without an in-guest agent, as far as it can be asked: whether its screen answers. Nothing inside can prove
 * who it is; what does is the socket, in a folder that no other user of this computer can enter, made for this machine
 * and one start of it. One connection stays open, so that the end of the machine is noticed at once.
 */
export async function connectRfbGuest(target: LinkTarget, path: RfbPath, signal: AbortSignal): Promise<GuestClient> {
  const watch = await greeted(target, path, greetingMs, signal);
  const losses = new Emitter<string>();
  const closing = new AbortController();
  const gone = 'the connection to its screen ended';
  let lost: string | null = null;
  let epoch = 0;
  watch.on('close', () => {
    if (closing.signal.aborted) return;
    lost = gone;
    losses.emit(gone);
  });
  const refuse = (): Promise<never> =>
    Promise.reject(
      new WheelhouseError(
        'not_supported',
        'This computer has no in-guest agent: it can be seen and driven by mouse and keyboard only.',
        { machineId: target.machineId },
      ),
    );
  return {
    target,
    async health(timeoutMs = greetingMs) {
      if (lost !== null) throw failed(target, `The machine is lost: ${lost}.`);
      (await greeted(target, path, timeoutMs, closing.signal)).destroy();
      const { machineId } = target;
      return { machineId, bootId: path.bootId, epoch, screenReady: true, sessionReady: true };
    },
    async setEpoch(next) {
      // Nothing inside could refuse an older one: the screen's hub and relay do, before the machine.
      epoch = Math.max(epoch, next);
    },
    mark: refuse,
    settle: refuse,
    exec: refuse,
    listWindows: refuse,
    activateWindow: refuse,
    closeWindow: refuse,
    launch: refuse,
    listProcesses: refuse,
    clipboardRead: refuse,
    clipboardWrite: refuse,
    readFile: refuse,
    writeFile: refuse,
    onLost(listener) {
      if (lost === null) return losses.on(listener);
      if (!closing.signal.aborted) listener(lost);
      return () => {};
    },
    close() {
      closing.abort(failed(target, 'The link was closed.'));
      watch.destroy();
    },
  };
}
