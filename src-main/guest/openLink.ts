import { connect, type Socket } from 'node:net';
import { linkLimits } from '@shared/link';
import { answerChallenge, LinkIdentityError, makeHello, readWelcome, type LinkPurpose } from '@shared/linkHandshake';
import { FramedSocket } from '../../src-guest/framedSocket';
import { linkCrypto } from '../../src-guest/linkCrypto';
import { WheelhouseError } from '../base/errors';
import type { LinkTarget } from '../sandbox/backend';

export interface OpenedLink {
  framed: FramedSocket;
  bootId: string;
  /** Told once, when the connection ends. */
  onClosed(listener: (reason: string) => void): void;
}

export interface OpenLimits {
  handshakeMs: number;
  welcomeMs: number;
}

/**
 * Connects and proves both ends (src-shared/linkHandshake.ts). Rejects with guest_failed when nothing listens, the
 * machine is not the one it should be or talks rubbish; guest_timeout when it is silent; with the signal's reason
 * when aborted. Nothing stays open after a rejection.
 */
export function openLink(
  target: LinkTarget,
  purpose: LinkPurpose,
  signal: AbortSignal,
  limits: OpenLimits = linkLimits,
): Promise<OpenedLink> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const socket = dial(target.path);
    let open = false;
    let ended: string | null = null;
    let listener: ((reason: string) => void) | null = null;
    const onAbort = () => refuse(signal.reason);
    const late = () =>
      refuse(
        new WheelhouseError('guest_timeout', 'The in-guest agent did not answer.', { machineId: target.machineId }),
      );
    let deadline = setTimeout(late, limits.handshakeMs);
    const done = () => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', onAbort);
    };
    const refuse = (reason: unknown) => {
      done();
      open = true;
      socket.destroy();
      reject(reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });

    const hello = makeHello(linkCrypto, target.machineId, purpose);
    const framed = new FramedSocket(socket, linkLimits.handshakeFrameBytes, step(onChallenge), (reason) => {
      if (!open) return refuse(failure(target, reason));
      ended = reason;
      listener?.(reason);
    });
    socket.on('connect', () => framed.send(hello));

    function step(run: (frame: unknown) => void): (frame: unknown) => void {
      return (frame) => {
        try {
          run(frame);
        } catch (error) {
          refuse(identityFailure(target, error));
        }
      };
    }
    function onChallenge(frame: unknown): void {
      const proof = answerChallenge(linkCrypto, target.secret, hello, frame);
      clearTimeout(deadline);
      deadline = setTimeout(late, limits.welcomeMs);
      framed.handle(step(onWelcome));
      framed.send(proof);
    }
    function onWelcome(frame: unknown): void {
      const { bootId } = readWelcome(frame);
      done();
      open = true;
      resolve({
        framed,
        bootId,
        onClosed(next) {
          listener = next;
          if (ended !== null) next(ended);
        },
      });
      // A raw stream's first bytes may follow in the same chunk: they are not frames.
      if (purpose !== 'calls') {
        const early = framed.detach();
        if (early.byteLength > 0) socket.unshift(early);
      } else {
        // Held back until the owner of the connection takes the frames over.
        socket.pause();
      }
    }
  });
}

/** A unix socket's path, or `tcp:127.0.0.1:PORT`: this computer alone, since what crosses the link is not encrypted. */
function dial(path: string): Socket {
  const port = Number(/^tcp:127\.0\.0\.1:(\d{1,5})$/.exec(path)?.[1]);
  return port > 0 && port < 65_536 ? connect({ host: '127.0.0.1', port, noDelay: true }) : connect(path);
}

const failure = (target: LinkTarget, reason: string) =>
  new WheelhouseError('guest_failed', `The link to the in-guest agent failed: ${reason}.`, {
    machineId: target.machineId,
  });

function identityFailure(target: LinkTarget, error: unknown): WheelhouseError {
  if (error instanceof LinkIdentityError) {
    return new WheelhouseError('guest_failed', error.message, { machineId: target.machineId, reason: error.reason });
  }
  return failure(target, error instanceof Error ? error.message : String(error));
}
