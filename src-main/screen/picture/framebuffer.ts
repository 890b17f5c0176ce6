import type { RectHead } from '../rfb/rectWalker';
import { ENCODING, RfbError } from '../rfb/wire';
import type { Rect } from '../types';

/** Pixels of the largest screen that a hub takes on: 64 MiB. */
const MAX_PIXELS = 16 * 1024 * 1024;

/** An instant of a screen: RGBA, alpha 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly version: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

/** The last snapshot, of whichever screen; as large as the largest so far. */
let scratch = new Uint32Array(0);

/** The hub's copy of the server's screen, four bytes a pixel in the order R, G, B, unused. */
export class Framebuffer {
  width = 0;
  height = 0;
  /** Rises with every update that drew something. */
  version = 0;
  /** Called once, before the pixels change the next time. */
  beforeChange: (() => void) | null = null;
  private pixels = Buffer.alloc(0);
  private painted = 0;

  constructor(width: number, height: number) {
    this.resize(width, height);
  }

  resize(width: number, height: number): void {
    if (width * height > MAX_PIXELS || width === 0 || height === 0)
      throw new RfbError(`a screen of ${width}x${height}`);
    this.changing();
    this.width = width;
    this.height = height;
    this.pixels = Buffer.alloc(width * height * 4);
    this.version++;
  }

  begin(rect: RectHead): void {
    this.painted = 0;
    if (rect.encoding !== ENCODING.raw && rect.encoding !== ENCODING.copyRect) return;
    if (rect.x + rect.width > this.width || rect.y + rect.height > this.height) {
      throw new RfbError('a rectangle outside the screen');
    }
  }

  /** Raw pixels as they come, split anywhere. */
  body(rect: RectHead, chunk: Buffer, from: number, to: number): void {
    if (this.beforeChange) this.changing();
    const rowBytes = rect.width * 4;
    const stride = this.width * 4;
    let at = from;
    while (at < to) {
      const row = Math.floor(this.painted / rowBytes);
      const column = this.painted - row * rowBytes;
      const target = (rect.y + row) * stride + rect.x * 4 + column;
      // Rows of a rectangle as wide as the screen follow each other: one copy for all of them.
      const end = rowBytes === stride ? to : Math.min(to, at + rowBytes - column);
      chunk.copy(this.pixels, target, at, end);
      this.painted += end - at;
      at = end;
    }
  }

  copy(rect: RectHead, sourceX: number, sourceY: number): void {
    if (sourceX + rect.width > this.width || sourceY + rect.height > this.height) {
      throw new RfbError('a copy from outside the screen');
    }
    this.changing();
    const bytes = rect.width * 4;
    for (let i = 0; i < rect.height; i++) {
      // Downwards copies go from the last row up, so that no source row is overwritten before it was read.
      const row = sourceY < rect.y ? rect.height - 1 - i : i;
      const source = ((sourceY + row) * this.width + sourceX) * 4;
      this.pixels.copyWithin(((rect.y + row) * this.width + rect.x) * 4, source, source + bytes);
    }
  }

  private changing(): void {
    const tell = this.beforeChange;
    this.beforeChange = null;
    tell?.();
  }

  /**
   * A copy of the region with alpha set; the whole screen when none is given. The region must lie inside. It lies in
   * memory that the next snapshot writes over: megabytes of fresh pages would cost several times the copying.
   */
  snapshot(region: Rect = { x: 0, y: 0, width: this.width, height: this.height }): Picture {
    const source = this.words();
    const size = region.width * region.height;
    if (scratch.length < size) scratch = new Uint32Array(size);
    const out = scratch;
    for (let y = 0; y < region.height; y++) {
      const from = (region.y + y) * this.width + region.x;
      const to = y * region.width;
      for (let x = 0; x < region.width; x++) out[to + x] = (source[from + x] ?? 0) | 0xff000000;
    }
    const pixels = new Uint8Array(out.buffer, 0, size * 4);
    return { width: region.width, height: region.height, version: this.version, pixels };
  }

  /** Every pixel has one colour: a server that answers but has drawn nothing. */
  blank(): boolean {
    const words = this.words();
    const first = (words[0] ?? 0) & 0xffffff;
    // Not `every`: a million calls would take longer than the picture took to come.
    for (let i = 0; i < words.length; i++) if (((words[i] ?? 0) & 0xffffff) !== first) return false;
    return true;
  }

  words(): Uint32Array {
    return new Uint32Array(this.pixels.buffer, this.pixels.byteOffset, this.width * this.height);
  }
}
