import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { Logger } from '../../base/logger';
import { parseRfbPath } from '../../guest/rfbPath';
import type { OpenRfb } from '../../guest/types';
import type { LinkTarget } from '../../sandbox/backend';
import { openSession, type ServerInit } from '../rfb/handshake';
import type { ChannelPolicy } from './viewerChannel';
import { ViewerChannel } from './viewerChannel';
import { ViewerGreeting } from './viewerGreeting';

export interface ConnectionLimits {
  /** Bytes waiting in a viewer's socket above which its upstream pauses, and below which it goes on. */
  highWater: number;
  lowWater: number;
  /** For both greetings, milliseconds. */
  greetingMs: number;
  pingMs: number;
  /** A viewer that answers no ping for so long is gone. */
  pongMs: number;
}

export interface ConnectionHooks extends ChannelPolicy {
  onOpened(): void;
  onClosed(clean: boolean): void;
}

/** The desktop's name as viewers see it: the guest's own would be a guest's text in a person's window. */
const NAME = Buffer.from('Wheelhouse');

/** WebSocket close codes: RFC 6455, 7.4.1. 1005 is a close frame without a code, as browsers send. */
const CLOSED_BY_VIEWER = new Set([1000, 1005]);

/**
 * One viewer: its WebSocket, its own upstream to the machine, and the channel between them. Whatever fails on either
 * side ends both, once. What waits in memory for a slow viewer is bounded by pausing the upstream.
 */
export class ViewerConnection {
  private readonly greeting = new ViewerGreeting();
  private readonly abort = new AbortController();
  private upstream: Duplex | null = null;
  private init: ServerInit | null = null;
  private channel: ViewerChannel | null = null;
  private early: Buffer = Buffer.alloc(0);
  private opened = false;
  private over = false;
  private paused = false;
  private lastSeen = Date.now();
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly socket: WebSocket,
    private readonly target: LinkTarget,
    private readonly openRfb: OpenRfb,
    private readonly limits: ConnectionLimits,
    private readonly hooks: ConnectionHooks,
    private readonly logger: Logger,
  ) {}

  start(): void {
    const { socket, limits } = this;
    socket.on('message', (data: RawData, isBinary: boolean) => this.guard(() => this.received(data, isBinary)));
    socket.on('close', (code: number) => this.end(CLOSED_BY_VIEWER.has(code)));
    socket.on('error', () => this.end(false));
    socket.on('pong', () => (this.lastSeen = Date.now()));
    this.timers.push(
      setInterval(() => this.ping(), limits.pingMs),
      setTimeout(() => {
        if (!this.opened) this.fail(1002, 'the greeting took too long');
      }, limits.greetingMs),
    );
    socket.send(ViewerGreeting.first);
    void this.connect();
  }

  /** Lets go of what this viewer holds down in the machine; resolves when the machine has. */
  release(): Promise<void> {
    return this.channel?.release() ?? Promise.resolve();
  }

  /** Ends the connection from this side. */
  fail(code: number, reason: string): void {
    if (this.over) return;
    this.logger.info({ code, reason }, 'viewer dropped');
    this.socket.close(code, reason.slice(0, 100));
    // A paused socket would not hear the viewer's own close, and the viewer would not hear that it is over.
    this.socket.resume();
    this.end(false);
    // A viewer that does not close its half gets no more time than a ping.
    setTimeout(() => this.socket.terminate(), this.limits.pongMs).unref();
  }

  private async connect(): Promise<void> {
    try {
      const limit = AbortSignal.any([this.abort.signal, AbortSignal.timeout(this.limits.greetingMs)]);
      const upstream = await this.openRfb(this.target, limit);
      if (this.over) return void upstream.destroy();
      this.upstream = upstream;
      upstream.on('error', () => this.fail(1011, "the machine's screen failed"));
      this.init = await openSession(upstream, limit);
      upstream.on('close', () => this.fail(1011, "the machine's screen ended"));
      upstream.on('drain', () => this.socket.resume());
      this.guard(() => this.join());
    } catch (error) {
      this.logger.debug({ err: error }, 'no upstream for a viewer');
      this.fail(1011, "the machine's screen can't be reached");
    }
  }

  private received(data: RawData, isBinary: boolean): void {
    if (this.over) return;
    if (!isBinary) return this.fail(1003, 'text is not RFB');
    const chunk = asOne(data);
    if (this.channel) return this.toUpstream(chunk);
    if (this.greeting.done) {
      // The viewer may speak on before the machine answers, but not for long.
      this.early = Buffer.concat([this.early, chunk]);
      if (this.early.length > this.limits.lowWater) this.fail(1009, 'too much before the greeting was over');
      return;
    }
    const { answer, rest } = this.greeting.push(chunk);
    for (const bytes of answer) this.socket.send(bytes);
    this.early = rest;
    this.join();
  }

  /** Both greetings are over: the two sides meet. */
  private join(): void {
    const { upstream, init } = this;
    if (this.channel || !upstream || !init || !this.greeting.done || this.over) return;
    const name = Buffer.alloc(4);
    name.writeUInt32BE(NAME.length);
    this.socket.send(Buffer.concat([init.head, name, NAME]));
    this.channel = new ViewerChannel(upstream, init, this.hooks, parseRfbPath(this.target.path) === null);
    this.opened = true;
    this.hooks.onOpened();
    upstream.on('data', (chunk: Buffer) => this.guard(() => this.toViewer(chunk)));
    const early = this.early;
    this.early = Buffer.alloc(0);
    if (early.length > 0) this.toUpstream(early);
  }

  private toUpstream(chunk: Buffer): void {
    if (this.channel?.fromViewer(chunk) === false) this.socket.pause();
  }

  private toViewer(chunk: Buffer): void {
    if (this.over || !this.channel) return;
    for (const bytes of this.channel.fromServer(chunk)) this.socket.send(bytes, this.sent);
    if (this.paused || this.socket.bufferedAmount <= this.limits.highWater) return;
    this.paused = true;
    this.upstream?.pause();
  }

  private readonly sent = (): void => {
    if (!this.paused || this.socket.bufferedAmount > this.limits.lowWater) return;
    this.paused = false;
    this.upstream?.resume();
  };

  private ping(): void {
    if (Date.now() - this.lastSeen > this.limits.pingMs + this.limits.pongMs) {
      this.logger.info('a viewer stopped answering');
      this.end(false);
      this.socket.terminate();
      return;
    }
    this.socket.ping();
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fail(1002, error instanceof Error ? error.message : 'broken RFB');
    }
  }

  private end(clean: boolean): void {
    if (this.over) return;
    this.over = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.abort.abort();
    const { upstream, channel } = this;
    // X lets go of nothing by itself when a client leaves in the middle of a press.
    void channel?.release();
    channel?.close();
    upstream?.end();
    setTimeout(() => upstream?.destroy(), 1_000).unref();
    if (this.opened) this.hooks.onClosed(clean);
  }
}

const asOne = (data: RawData): Buffer =>
  Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
