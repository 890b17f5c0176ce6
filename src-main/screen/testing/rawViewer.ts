import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { ServerWalker } from '../rfb/serverWalker';
import { fence, FENCE } from '../rfb/wire';

/** A WebSocket server that hands every socket to `accept`; for relays under test. */
export async function listenSockets(accept: (socket: WebSocket, url: string) => void) {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false, maxPayload: 1024 * 1024 });
  server.on('connection', (socket, request) => accept(socket, request.url ?? '/'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

/** A viewer that says whatever it is told to, and keeps all it hears. */
export class RawViewer {
  readonly heard: Buffer[] = [];
  closed: { code: number } | null = null;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.heard.push(data as Buffer));
    socket.on('close', (code) => (this.closed = { code }));
    socket.on('error', () => {});
  }

  static async connect(url: string): Promise<RawViewer> {
    const viewer = new RawViewer(new WebSocket(url, 'binary', { perMessageDeflate: false }));
    await Promise.race([once(viewer.socket, 'open'), once(viewer.socket, 'close')]);
    return viewer;
  }

  /** Connects and goes through the greeting, sharing refused: the relay must not pass that on. */
  static async greet(url: string): Promise<RawViewer> {
    const viewer = await RawViewer.connect(url);
    viewer.send(Buffer.from('RFB 003.008\n'), Buffer.from([1]), Buffer.from([0]));
    await viewer.until((bytes) => bytes.includes('Wheelhouse'), 'ServerInit');
    return viewer;
  }

  send(...parts: Buffer[]): void {
    for (const part of parts) this.socket.send(part);
  }

  /** Answers the server's fences from here on, as real viewers do: without answers it thinks the line is jammed. */
  answerFences(): void {
    const walker = new ServerWalker(
      { fence: (flags, payload) => flags & FENCE.request && this.send(fence(flags & 7, payload)) },
      { bytesPerPixel: 4, tightBytes: 3 },
    );
    this.socket.on('message', (data) => walker.push(data as Buffer));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.heard);
  }

  async until(check: (bytes: Buffer) => boolean, what: string, ms = 5_000): Promise<void> {
    const end = Date.now() + ms;
    while (!check(this.bytes)) {
      if (Date.now() > end) throw new Error(`the viewer waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  close(): void {
    this.socket.close(1000);
  }
}
