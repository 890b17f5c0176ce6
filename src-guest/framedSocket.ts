import type { Socket } from 'node:net';
import { encodeFrame, FrameReader } from '@shared/linkFrames';

/**
 * Frames over a socket. Each frame goes to the current handler; a handler may stop the reading (`detach`) and take the
 * socket over as a raw stream. Whatever breaks the protocol destroys the socket, with the reason given to `onClosed`.
 */
export class FramedSocket {
  private readonly reader: FrameReader;
  private detached = false;
  private failure: string | null = null;

  constructor(
    readonly socket: Socket,
    private maxBytes: number,
    private handler: (value: unknown) => void,
    onClosed: (reason: string) => void,
  ) {
    this.reader = new FrameReader(maxBytes);
    socket.on('data', this.onData);
    socket.on('error', (error) => (this.failure ??= error.message));
    socket.on('close', () => {
      if (!this.detached) onClosed(this.failure ?? 'the connection was closed');
    });
  }

  /** From now on frames go to `handler`, up to `maxBytes` each. */
  handle(handler: (value: unknown) => void, maxBytes = this.maxBytes): void {
    this.handler = handler;
    this.maxBytes = maxBytes;
    this.reader.maxBytes = maxBytes;
  }
  /** False when the peer reads too slowly to take more just now. Throws LinkProtocolError past the bound. */
  send(value: unknown): boolean {
    if (this.socket.destroyed || this.socket.writableEnded) return true;
    return this.socket.write(encodeFrame(value, this.maxBytes));
  }
  /** Ends after what was sent; a peer that does not read is cut off with the socket's owner's own deadline. */
  end(value: unknown): void {
    if (this.socket.destroyed) return;
    this.socket.end(encodeFrame(value, this.maxBytes));
  }
  fail(reason: string): void {
    this.failure ??= reason;
    this.socket.destroy();
  }
  /** Gives the socket away as a raw stream that waits for its reader, and the bytes that came after the last frame. */
  detach(): Uint8Array {
    this.detached = true;
    this.socket.off('data', this.onData);
    this.socket.pause();
    // A paused stream stays paused when a new owner listens for data; one that lost its last `readable` listener is as
    // new: it waits, and flows once somebody listens or pipes (Node, "Two reading modes").
    const nothing = () => {};
    this.socket.on('readable', nothing);
    this.socket.off('readable', nothing);
    return this.reader.rest();
  }

  private readonly onData = (chunk: Buffer): void => {
    this.reader.push(chunk);
    try {
      while (!this.detached && !this.socket.destroyed) {
        const frame = this.reader.next();
        if (!frame) return;
        this.handler(frame.value);
      }
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  };
}
