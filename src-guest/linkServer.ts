import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { linkLimits } from '@shared/link';
import {
  checkProof,
  LinkIdentityError,
  makeChallenge,
  type LinkCrypto,
  type LinkPurpose,
  type LinkRefusal,
} from '@shared/linkHandshake';
import { CallDispatch, type CallHandlers } from './callDispatch';
import { EpochFence } from './epochFence';
import { FramedSocket } from './framedSocket';
import { splice } from './splice';

type ServerLimits = Record<'handshakeMs' | 'unauthenticated' | 'connections', number>;

/** A unix socket, or a TCP port that takes connections from one address alone. */
export type LinkPlace = { path: string } | { host: string; port: number; from: string };

/** What changes when a machine wakes as another one. */
export interface LinkIdentity {
  machineId: string;
  secret: string;
  bootId: string;
  handlers: Partial<CallHandlers>;
  fence?: EpochFence;
}

export interface LinkServerOptions extends LinkIdentity {
  crypto: LinkCrypto;
  /** A fresh connection to the X server's RFB socket; rejects when it does not answer. */
  openRfb(): Promise<Duplex>;
  log?(message: string): void;
  limits?: Partial<ServerLimits>;
}

/**
 * The guest's end of the link: proves itself, has the broker prove itself, then serves calls or splices the screen.
 * A connection that has not proven itself within the deadline is closed, and only a few of those are held at a time.
 */
export class LinkServer {
  readonly server: Server;
  fence: EpochFence;
  private readonly sockets = new Set<Socket>();
  private readonly limits: ServerLimits;
  private waiting = 0;
  /** The one address that is let in, where there are addresses. */
  private from: string | null = null;

  constructor(private options: LinkServerOptions) {
    this.fence = options.fence ?? new EpochFence();
    this.limits = { ...linkLimits, ...options.limits };
    this.server = createServer({ noDelay: true }, (socket) => this.accept(socket));
  }

  /** Listens at a place, a text being a unix socket's; rejects with the system's error. */
  listen(place: string | LinkPlace): Promise<void> {
    const at = typeof place === 'string' ? { path: place } : place;
    if ('from' in at) this.from = at.from;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ ...at, backlog: 64 }, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.options.log?.(`link: ${error.message}`));
        resolve();
      });
    });
  }

  /** From now on this is another machine: every connection is closed, and new ones are proven and served as its own. */
  renew(identity: LinkIdentity): void {
    this.drop();
    this.options = { ...this.options, ...identity };
    this.fence = identity.fence ?? new EpochFence();
  }
  /** Closes the socket and every connection. */
  close(): void {
    this.server.close();
    this.drop();
  }
  /** Closes every connection; new ones are taken. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private accept(socket: Socket): void {
    const stranger = this.from !== null && socket.remoteAddress !== this.from;
    if (stranger || this.waiting >= this.limits.unauthenticated) {
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    this.waiting += 1;
    let proven = false;
    const settle = () => {
      if (!proven) this.waiting -= 1;
      proven = true;
      clearTimeout(deadline);
    };
    const deadline = setTimeout(() => framed.fail('the handshake took too long'), this.limits.handshakeMs);
    socket.on('close', () => {
      settle();
      this.sockets.delete(socket);
    });
    const framed = new FramedSocket(
      socket,
      linkLimits.handshakeFrameBytes,
      this.guard(
        () => framed,
        (frame) => {
          const { hello, challenge, expected } = makeChallenge(this.options.crypto, this.options, frame);
          framed.handle(
            this.guard(
              () => framed,
              (proof) => {
                checkProof(this.options.crypto, expected, proof);
                settle();
                this.welcome(framed, hello.purpose);
              },
            ),
          );
          framed.send(challenge);
        },
      ),
      (reason) => this.options.log?.(`link: ${reason}`),
    );
  }

  /** Runs a step of the handshake; a refusal is told to the peer before the connection ends. */
  private guard(framed: () => FramedSocket, step: (frame: unknown) => void): (frame: unknown) => void {
    return (frame) => {
      try {
        step(frame);
      } catch (error) {
        if (!(error instanceof LinkIdentityError) || error.reason === 'wrong_identity') throw error;
        this.options.log?.(`link: refused, ${error.reason}`);
        this.refuse(framed(), error.reason);
      }
    };
  }

  private refuse(framed: FramedSocket, reason: LinkRefusal): void {
    framed.handle(() => {});
    framed.end({ kind: 'refused', reason });
    const timer = setTimeout(() => framed.socket.destroy(), 1000);
    framed.socket.on('close', () => clearTimeout(timer));
  }

  private welcome(framed: FramedSocket, purpose: LinkPurpose): void {
    const welcome = { kind: 'welcome', bootId: this.options.bootId };
    if (purpose === 'terminal') return this.refuse(framed, 'not_supported');
    if (this.sockets.size - this.waiting > this.limits.connections) return this.refuse(framed, 'too_many');
    if (purpose === 'rfb') return void this.spliceScreen(framed, welcome);
    const dispatch = new CallDispatch(framed, { handlers: this.options.handlers, fence: this.fence });
    framed.socket.on('close', () => dispatch.close());
    framed.handle(dispatch.handle, linkLimits.frameBytes);
    framed.send(welcome);
  }

  private async spliceScreen(framed: FramedSocket, welcome: unknown): Promise<void> {
    const early = framed.detach();
    framed.socket.on('error', () => {});
    let screen: Duplex;
    try {
      screen = await this.options.openRfb();
    } catch (error) {
      this.options.log?.(`screen: ${error instanceof Error ? error.message : String(error)}`);
      return this.refuse(framed, 'screen_not_ready');
    }
    framed.send(welcome);
    if (early.byteLength > 0) screen.write(early);
    splice(framed.socket, screen);
  }
}
