import type { Duplex } from 'node:stream';
import { WheelhouseError } from '../../base/errors';

const shift = { none: 1, shared: 1 } as const;
/** Key symbols of X11: Latin-1 characters are their own, Return is not. */
const returnKey = 0xff0d;

/** A picture as the server sent it: four bytes a pixel, the last one of no meaning. */
export interface GlanceFrame {
  width: number;
  height: number;
  pixels: Buffer;
}

/**
 * The least of an RFB client (RFC 6143): looks once and types. The saved state of a machine is checked with it before
 * every machine is made from it; what people and agents use is the room of screens, above this one.
 */
export class RfbGlance {
  private held: Buffer = Buffer.alloc(0);
  private wake: (() => void) | null = null;
  private failure: Error | null = null;
  private width = 0;
  private height = 0;

  private constructor(
    private readonly stream: Duplex,
    signal: AbortSignal,
  ) {
    const fail = (error: Error): void => {
      this.failure ??= error;
      this.wake?.();
    };
    signal.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
    stream.on('data', (chunk: Buffer) => {
      this.held = this.held.length === 0 ? chunk : Buffer.concat([this.held, chunk]);
      this.wake?.();
    });
    stream.on('error', fail);
    stream.on('close', () => fail(new WheelhouseError('guest_failed', 'The screen closed the connection.')));
  }

  static async open(stream: Duplex, signal: AbortSignal): Promise<RfbGlance> {
    const glance = new RfbGlance(stream, signal);
    await glance.read(12);
    stream.write('RFB 003.008\n');
    const [count = 0] = await glance.read(1);
    if (!(await glance.read(count)).includes(shift.none)) {
      throw new WheelhouseError('guest_failed', 'The screen asks for a password.');
    }
    stream.write(Buffer.from([shift.none]));
    if ((await glance.read(4)).readUInt32BE(0) !== 0) throw new WheelhouseError('guest_failed', 'The screen refuses.');
    stream.write(Buffer.from([shift.shared]));
    const init = await glance.read(24);
    glance.width = init.readUInt16BE(0);
    glance.height = init.readUInt16BE(2);
    await glance.read(Math.min(init.readUInt32BE(20), 4096));
    // 32 bits a pixel, true colour, 8 bits a channel; then Raw as the one encoding.
    stream.write(Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]));
    stream.write(Buffer.from([2, 0, 0, 1, 0, 0, 0, 0]));
    return glance;
  }

  /** How many different colours a whole frame shows; stops counting at 64. */
  async colours(): Promise<number> {
    const seen = new Set<number>();
    await this.look((_, pixels) => {
      for (let at = 0; at < pixels.length && seen.size < 64; at += 4) seen.add(pixels.readUInt32BE(at) >>> 8);
    });
    return seen.size;
  }

  /** A whole frame, four bytes a pixel. */
  async frame(): Promise<GlanceFrame> {
    const { width, height } = this;
    const whole = Buffer.alloc(width * height * 4);
    await this.look((rect, pixels) => {
      for (let row = 0; row < rect.height; row += 1) {
        pixels.copy(whole, ((rect.y + row) * width + rect.x) * 4, row * rect.width * 4, (row + 1) * rect.width * 4);
      }
    });
    return { width, height, pixels: whole };
  }

  private async look(
    take: (rect: { x: number; y: number; width: number; height: number }, pixels: Buffer) => void,
  ): Promise<void> {
    const ask = Buffer.alloc(10);
    ask.writeUInt8(3, 0);
    ask.writeUInt16BE(this.width, 6);
    ask.writeUInt16BE(this.height, 8);
    this.stream.write(ask);
    let area = 0;
    while (area < this.width * this.height) {
      const [kind] = await this.read(1);
      if (kind !== 0) {
        // A bell has no more bytes; cut text tells its length; the rest is not asked for.
        if (kind === 3) await this.read((await this.read(7)).readUInt32BE(3));
        else if (kind !== 2) throw new WheelhouseError('guest_failed', `The screen sent a message of type ${kind}.`);
        continue;
      }
      const rectangles = (await this.read(3)).readUInt16BE(1);
      for (let n = 0; n < rectangles; n += 1) {
        const head = await this.read(12);
        const [x, y] = [head.readUInt16BE(0), head.readUInt16BE(2)];
        const [width, height] = [head.readUInt16BE(4), head.readUInt16BE(6)];
        const pixels = await this.read(width * height * 4);
        area += width * height;
        if (x + width <= this.width && y + height <= this.height) take({ x, y, width, height }, pixels);
      }
    }
  }

  /** Types characters of Latin-1 and a Return. */
  type(text: string): void {
    for (const key of [...[...text].map((letter) => letter.codePointAt(0) ?? 0), returnKey]) {
      for (const down of [1, 0]) {
        const event = Buffer.from([4, down, 0, 0, 0, 0, 0, 0]);
        event.writeUInt32BE(key, 4);
        this.stream.write(event);
      }
    }
  }
  close(): void {
    this.stream.destroy();
  }

  private async read(bytes: number): Promise<Buffer> {
    while (this.held.length < bytes) {
      if (this.failure) throw this.failure;
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
    const taken = this.held.subarray(0, bytes);
    this.held = this.held.subarray(bytes);
    return taken;
  }
}
