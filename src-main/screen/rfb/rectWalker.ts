import { ENCODING, RfbError, type PixelFormat } from './wire';

export interface RectHead {
  x: number;
  y: number;
  width: number;
  height: number;
  encoding: number;
}

/** What a rectangle's payload is made of: small heads that decide, and bodies that only pass. */
interface Wants {
  head(need: number, step: (head: Buffer) => void): void;
  body(length: number, after: () => void): void;
  copy(rect: RectHead, sourceX: number, sourceY: number): void;
  done(rect: RectHead): void;
}

/** Pixels of one rectangle; more is no screen of ours. */
const MAX_AREA = 64 * 1024 * 1024;
const MAX_COMPRESSED = 64 * 1024 * 1024;

/** Encodings that this walker can measure, and so the only ones a viewer may be granted. */
export const walkable: ReadonlySet<number> = new Set<number>([
  ENCODING.raw,
  ENCODING.copyRect,
  ENCODING.tight,
  ENCODING.zrle,
  ENCODING.desktopSize,
  ENCODING.lastRect,
  ENCODING.cursor,
  ENCODING.xCursor,
  ENCODING.vmwareCursor,
  ENCODING.vmwareCursorPosition,
]);

/** Measures the payload of one rectangle after another. Tight's layout: rfbproto, "Tight Encoding". */
export class RectWalker {
  constructor(
    public format: PixelFormat,
    private readonly wants: Wants,
  ) {}

  begin(rect: RectHead): void {
    const area = rect.width * rect.height;
    if (area > MAX_AREA) throw new RfbError(`a rectangle of ${rect.width}x${rect.height}`);
    const pixels = area * this.format.bytesPerPixel;
    const done = () => this.wants.done(rect);
    switch (rect.encoding) {
      case ENCODING.raw:
        return this.wants.body(pixels, done);
      case ENCODING.copyRect:
        return this.wants.head(4, (head) => {
          this.wants.copy(rect, head.readUInt16BE(0), head.readUInt16BE(2));
          done();
        });
      case ENCODING.tight:
        return this.wants.head(1, (head) => this.tight(head.readUInt8(0) >> 4, rect, done));
      case ENCODING.zrle:
        return this.wants.head(4, (head) => {
          const length = head.readUInt32BE(0);
          if (length > MAX_COMPRESSED) throw new RfbError(`${length} bytes of ZRLE`);
          this.wants.body(length, done);
        });
      case ENCODING.cursor:
        return this.wants.body(pixels + Math.ceil(rect.width / 8) * rect.height, done);
      case ENCODING.xCursor:
        return this.wants.body(area === 0 ? 0 : 6 + 2 * Math.ceil(rect.width / 8) * rect.height, done);
      case ENCODING.vmwareCursor:
        return this.wants.head(2, (head) => {
          const type = head.readUInt8(0);
          if (type > 1) throw new RfbError(`a cursor of type ${type}`);
          this.wants.body(type === 0 ? 2 * pixels : 4 * area, done);
        });
      case ENCODING.desktopSize:
      case ENCODING.lastRect:
      case ENCODING.vmwareCursorPosition:
        return done();
      default:
        throw new RfbError(`an encoding nobody asked for, ${rect.encoding}`);
    }
  }

  private tight(control: number, rect: RectHead, done: () => void): void {
    const pixel = this.format.tightBytes;
    if (control === 8) return this.wants.body(pixel, done);
    if (control === 9) return this.compact((length) => this.wants.body(length, done));
    if (control > 9) throw new RfbError(`Tight control ${control}`);
    const data = (rowBytes: number) => {
      const size = rowBytes * rect.height;
      if (size < 12) return this.wants.body(size, done);
      this.compact((length) => this.wants.body(length, done));
    };
    if ((control & 4) === 0) return data(rect.width * pixel);
    this.wants.head(1, (filter) => {
      switch (filter[0]) {
        case 0:
        case 2:
          return data(rect.width * pixel);
        case 1:
          return this.wants.head(1, (count) => {
            const colours = count.readUInt8(0) + 1;
            const rowBytes = colours <= 2 ? Math.ceil(rect.width / 8) : rect.width;
            this.wants.body(colours * pixel, () => data(rowBytes));
          });
        default:
          throw new RfbError(`Tight filter ${filter[0]}`);
      }
    });
  }

  /** Tight's length: 7, 7 and 8 bits, low first, the top bit of the first two saying that more follows. */
  private compact(then: (length: number) => void): void {
    this.wants.head(1, (first) => {
      const a = first.readUInt8(0);
      if (a < 0x80) return then(a);
      this.wants.head(1, (second) => {
        const b = second.readUInt8(0);
        const low = (a & 0x7f) | ((b & 0x7f) << 7);
        if (b < 0x80) return then(low);
        this.wants.head(1, (third) => then(low | (third.readUInt8(0) << 14)));
      });
    });
  }
}
