import type { Duplex } from 'node:stream';
import { FakeRfbConnection } from './rfbConnection';

/**
 * What a client sent, complete and in order, whichever connection it came by. Everything that a server could act on is
 * here, so that a test can say "nothing reached the machine" by looking at one list.
 */
export type RecordedInput = { connection: number } & (
  | { kind: 'key'; keysym: number; down: boolean }
  | { kind: 'pointer'; mask: number; x: number; y: number }
  | { kind: 'cutText'; bytes: Buffer; extended: boolean }
  | { kind: 'xvp'; code: number }
  | { kind: 'setDesktopSize'; width: number; height: number }
  | { kind: 'gii'; bytes: Buffer }
  | { kind: 'extendedKey'; keysym: number; keycode: number; down: boolean }
  | { kind: 'audio'; operation: number }
);

export interface FakeRect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface FakeRfbServer {
  /** Serves RFB 3.8 with security None on this stream until it ends. */
  accept(stream: Duplex): void;
  readonly inputs: RecordedInput[];
  readonly size: { width: number; height: number };
  readonly connections: number;
  /** One RGBA colour for the whole rectangle, or its pixels row by row. */
  paint(rect: FakeRect, rgba: readonly [number, number, number, number] | Uint8Array): void;
  /** RGBA pixels, row by row. */
  read(rect: FakeRect): Buffer;
  /** Moves pixels and tells clients by CopyRect where they allow it. */
  copy(from: FakeRect, x: number, y: number): void;
  /** Changes the screen's size; what fits of the old picture stays. */
  resize(width: number, height: number): void;
  /** Sends a clipboard to every client, as a program inside the machine would cause. */
  cutText(text: string): void;
  /** While true nothing is answered, as a hung server: bytes are read and put aside. */
  hold(held: boolean): void;
  onInput(listener: (input: RecordedInput) => void): () => void;
  close(): void;
}

/** A small X screen without X: a framebuffer, its clients and a record of what they tried to do. */
export function createFakeRfbServer(options: { width: number; height: number; name?: string }): FakeRfbServer {
  const screen = new FakeScreen(options.width, options.height, options.name ?? 'fake');
  const connections = new Set<FakeRfbConnection>();
  const inputs: RecordedInput[] = [];
  const listeners = new Set<(input: RecordedInput) => void>();
  let held = false;
  let count = 0;
  const each = (run: (connection: FakeRfbConnection) => void) => {
    for (const connection of connections) run(connection);
  };
  return {
    inputs,
    get size() {
      return { width: screen.width, height: screen.height };
    },
    get connections() {
      return connections.size;
    },
    accept(stream) {
      const connection: FakeRfbConnection = new FakeRfbConnection(stream, screen, ++count, {
        onInput(input) {
          inputs.push(input);
          for (const listener of listeners) listener(input);
        },
        onClosed: () => void connections.delete(connection),
      });
      connections.add(connection);
      connection.hold(held);
      connection.start();
    },
    paint(rect, rgba) {
      screen.paint(rect, rgba);
      each((connection) => connection.damage(rect));
    },
    read: (rect) => screen.read(rect),
    copy(from, x, y) {
      screen.copy(from, x, y);
      each((connection) => connection.copied(from, x, y));
    },
    resize(width, height) {
      screen.resize(width, height);
      each((connection) => connection.resized());
    },
    cutText: (text) => each((connection) => connection.cutText(text)),
    hold(next) {
      held = next;
      each((connection) => connection.hold(next));
    },
    onInput(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      each((connection) => connection.close());
    },
  };
}

/** RGBA pixels, shared by all connections. */
export class FakeScreen {
  pixels: Buffer;

  constructor(
    public width: number,
    public height: number,
    readonly name: string,
  ) {
    this.pixels = Buffer.alloc(width * height * 4, 255);
  }

  paint(rect: FakeRect, rgba: readonly [number, number, number, number] | Uint8Array): void {
    const rowBytes = rect.width * 4;
    const flat = rgba.length === 4;
    const row = flat ? Buffer.alloc(rowBytes, Buffer.from(rgba as readonly number[])) : Buffer.from(rgba);
    if (!flat && row.length !== rowBytes * rect.height) throw new RangeError('pixels do not fill the rectangle');
    for (let y = 0; y < rect.height; y++) {
      const source = flat ? 0 : y * rowBytes;
      row.copy(this.pixels, ((rect.y + y) * this.width + rect.x) * 4, source, source + rowBytes);
    }
  }

  copy(from: FakeRect, x: number, y: number): void {
    this.paint({ x, y, width: from.width, height: from.height }, this.read(from));
  }

  read(rect: FakeRect): Buffer {
    const out = Buffer.alloc(rect.width * rect.height * 4);
    for (let y = 0; y < rect.height; y++) {
      const start = ((rect.y + y) * this.width + rect.x) * 4;
      this.pixels.copy(out, y * rect.width * 4, start, start + rect.width * 4);
    }
    return out;
  }

  resize(width: number, height: number): void {
    const old = { pixels: this.pixels, width: this.width, height: this.height };
    this.pixels = Buffer.alloc(width * height * 4, 255);
    for (let y = 0; y < Math.min(height, old.height); y++) {
      const bytes = Math.min(width, old.width) * 4;
      old.pixels.copy(this.pixels, y * width * 4, y * old.width * 4, y * old.width * 4 + bytes);
    }
    this.width = width;
    this.height = height;
  }
}
