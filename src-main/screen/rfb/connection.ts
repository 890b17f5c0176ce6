import type { Duplex } from 'node:stream';
import { WheelhouseError } from '../../base/errors';
import { Framebuffer } from '../picture/framebuffer';
import { openSession } from './handshake';
import { ServerWalker } from './serverWalker';
import {
  continuousUpdates,
  ENCODING,
  fence,
  FENCE,
  keyEvent,
  setEncodings,
  setRgbxFormat,
  updateRequest,
} from './wire';

const ENCODINGS = [
  ENCODING.copyRect,
  ENCODING.raw,
  ENCODING.desktopSize,
  ENCODING.lastRect,
  ENCODING.vmwareCursorPosition,
  ENCODING.fence,
  ENCODING.continuousUpdates,
  ENCODING.extendedClipboard,
];

/**
 * QEMU's VNC server looks at its screen ever more rarely while nothing happens, in the end every 3 s, and answers requests
 * no sooner; what comes from a keyboard wakes it. Letting go of a key that nobody holds does, and does no more (Scroll_Lock).
 */
const wake = (): Buffer => keyEvent(0xff14, false);

/** Clipboard messages over this are skipped unread. */
const MAX_CLIPBOARD = 1024 * 1024;

export interface ConnectionHooks {
  /** An update was taken in; the version may have risen. */
  onUpdate(): void;
  onPointer(x: number, y: number): void;
  onResize(): void;
  /** A message of the Extended Clipboard, without its length. */
  onClipboard(message: Buffer): void;
  onClosed(reason: string): void;
}

/**
 * The hub's end of one RFB connection: keeps the framebuffer as the server describes it, writes messages, and measures
 * "the server has taken everything up to here" by fences. No decisions of its own about when to ask for pictures.
 */
export class RfbConnection {
  readonly screen: Framebuffer;
  /** Learnt from the server, which announces both right after SetEncodings. */
  fences = false;
  continuous = false;
  /** An incremental request that the server has not answered yet. */
  requested = false;
  /** Bytes taken in so far. */
  received = 0;
  private readonly waiting = new Map<number, { byPixel: boolean; done: () => void }>();
  /** The update under way holds the pixel at the origin. */
  private drewOrigin = false;
  private readonly failures = new Set<(reason: Error) => void>();
  private nextFence = 1;
  private drew = false;
  private closed: string | null = null;

  /**
   * Opens RFB on a fresh stream; the stream is destroyed when that fails. Rejects with guest_failed or the signal's reason.
   * `drowsy`: a server that has to be woken to answer soon.
   */
  static async open(
    stream: Duplex,
    hooks: ConnectionHooks,
    signal: AbortSignal,
    { drowsy = false }: { drowsy?: boolean } = {},
  ): Promise<RfbConnection> {
    const ignore = () => {};
    stream.on('error', ignore);
    try {
      const init = await openSession(stream, signal);
      return new RfbConnection(stream, new Framebuffer(init.width, init.height), hooks, drowsy);
    } catch (error) {
      stream.destroy();
      if (signal.aborted) throw signal.reason;
      throw new WheelhouseError(
        'guest_failed',
        `The machine's screen could not be opened: ${words(error)}.`,
        {},
        { cause: error },
      );
    }
  }

  private constructor(
    private readonly stream: Duplex,
    screen: Framebuffer,
    private readonly hooks: ConnectionHooks,
    private readonly drowsy: boolean,
  ) {
    this.screen = screen;
    const walker = this.walker();
    this.write(setRgbxFormat());
    this.write(setEncodings(ENCODINGS));
    this.request(false);
    stream.on('data', (chunk: Buffer) => {
      if (this.closed !== null) return;
      this.received += chunk.length;
      try {
        walker.push(chunk);
      } catch (error) {
        this.close(`The machine's screen sent what is not RFB: ${words(error)}.`);
      }
    });
    stream.on('error', (error) => this.close(`The connection to the machine's screen failed: ${words(error)}.`));
    stream.on('close', () => this.close("The connection to the machine's screen ended."));
    stream.on('end', () => this.close("The connection to the machine's screen ended."));
  }

  write(bytes: Buffer): void {
    if (this.closed === null) this.stream.write(bytes);
  }

  request(incremental: boolean): void {
    if (incremental && this.requested) return;
    this.requested = true;
    this.write(updateRequest(incremental, this.screen.width, this.screen.height));
  }

  setContinuous(on: boolean): void {
    this.write(continuousUpdates(on, this.screen.width, this.screen.height));
  }

  /**
   * Resolves when the server has handled all that was written before; rejects with guest_failed when the connection
   * ends first. With fences one round trip; a server without them is asked for one pixel, which it answers in order.
   */
  roundTrip(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.closed !== null) return reject(lost(this.closed));
      const id = this.nextFence++;
      const fail = (reason: Error) => {
        this.waiting.delete(id);
        reject(reason);
      };
      this.failures.add(fail);
      const done = () => {
        this.failures.delete(fail);
        resolve();
      };
      this.waiting.set(id, { byPixel: !this.fences, done });
      if (this.drowsy) this.write(wake());
      if (!this.fences) return this.write(updateRequest(false, 1, 1));
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(id >>> 0);
      this.write(fence(FENCE.request | FENCE.blockBefore, payload));
    });
  }

  close(reason: string): void {
    if (this.closed !== null) return;
    this.closed = reason;
    this.stream.destroy();
    const failures = [...this.failures];
    this.failures.clear();
    this.waiting.clear();
    for (const fail of failures) fail(lost(reason));
    this.hooks.onClosed(reason);
  }

  private answered(id: number): void {
    const waiter = this.waiting.get(id);
    this.waiting.delete(id);
    waiter?.done();
  }

  private walker(): ServerWalker {
    const screen = this.screen;
    let current: Parameters<Framebuffer['begin']>[0] | null = null;
    let clipboard: Buffer[] | null = null;
    return new ServerWalker(
      {
        rectBegin: (rect) => {
          current = rect.encoding === ENCODING.raw ? rect : null;
          screen.begin(rect);
          if (rect.encoding === ENCODING.raw || rect.encoding === ENCODING.copyRect) {
            this.drew = true;
            this.drewOrigin ||= rect.x === 0 && rect.y === 0;
          }
          if (rect.encoding === ENCODING.vmwareCursorPosition) this.hooks.onPointer(rect.x, rect.y);
          if (rect.encoding === ENCODING.desktopSize) {
            screen.resize(rect.width, rect.height);
            this.hooks.onResize();
          }
        },
        copy: (rect, x, y) => screen.copy(rect, x, y),
        body: (chunk, from, to) => {
          if (clipboard) clipboard.push(Buffer.from(chunk.subarray(from, to)));
          else if (current) screen.body(current, chunk, from, to);
        },
        cutTextBegin: (length, extended) => {
          current = null;
          clipboard = extended && length <= MAX_CLIPBOARD ? [] : null;
        },
        cutTextEnd: () => {
          const parts = clipboard;
          clipboard = null;
          if (parts) this.hooks.onClipboard(Buffer.concat(parts));
        },
        updateEnd: () => {
          current = null;
          this.requested = false;
          if (this.drew) screen.version++;
          this.drew = false;
          // An update without that pixel was on its way before it was asked for.
          if (this.drewOrigin) for (const [id, { byPixel }] of this.waiting) if (byPixel) this.answered(id);
          this.drewOrigin = false;
          this.hooks.onUpdate();
        },
        fence: (flags, payload) => {
          if (flags & FENCE.request) {
            this.fences = true;
            this.write(fence(flags & (FENCE.blockBefore | FENCE.blockAfter | FENCE.syncNext), payload));
          } else if (payload.length === 4) this.answered(payload.readUInt32BE());
        },
        endOfContinuousUpdates: () => {
          this.continuous = true;
        },
      },
      { bytesPerPixel: 4, tightBytes: 3 },
    );
  }
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const lost = (reason: string) => new WheelhouseError('guest_failed', reason);
