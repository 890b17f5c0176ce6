import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServerFilter } from '../relay/serverFilter';
import { cutAt } from '../testing/clientMessages';
import { ServerWalker } from './serverWalker';
import { ENCODING, fence, RfbError, type PixelFormat } from './wire';

const format: PixelFormat = { bytesPerPixel: 4, tightBytes: 3 };
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const filler = (length: number) => Buffer.alloc(length, 3);

const rect = (width: number, height: number, encoding: number, payload: Buffer): Buffer => {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(width, 4);
  head.writeUInt16BE(height, 6);
  head.writeInt32BE(encoding, 8);
  return Buffer.concat([head, payload]);
};
const update = (...rects: Buffer[]): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(rects.length, 2);
  return Buffer.concat([head, ...rects]);
};

/** Rectangles with payloads that are full of 3s, the type of a clipboard: a walker that loses its place sees one. */
const rects: Record<string, Buffer> = {
  raw: rect(5, 3, ENCODING.raw, filler(60)),
  'raw, empty': rect(0, 3, ENCODING.raw, filler(0)),
  copyRect: rect(5, 3, ENCODING.copyRect, filler(4)),
  zrle: rect(5, 3, ENCODING.zrle, Buffer.concat([hex('00000007'), filler(7)])),
  'tight fill': rect(5, 3, ENCODING.tight, Buffer.concat([hex('80'), filler(3)])),
  'tight jpeg': rect(5, 3, ENCODING.tight, Buffer.concat([hex('90 ac02'), filler(300)])),
  'tight jpeg, three bytes of length': rect(5, 3, ENCODING.tight, Buffer.concat([hex('90 818001'), filler(16385)])),
  'tight basic, small': rect(1, 3, ENCODING.tight, Buffer.concat([hex('00'), filler(9)])),
  'tight basic, compressed': rect(5, 3, ENCODING.tight, Buffer.concat([hex('10 05'), filler(5)])),
  'tight copy filter': rect(5, 3, ENCODING.tight, Buffer.concat([hex('40 00 05'), filler(5)])),
  'tight gradient': rect(5, 3, ENCODING.tight, Buffer.concat([hex('40 02 05'), filler(5)])),
  'tight two colours': rect(20, 2, ENCODING.tight, Buffer.concat([hex('40 01 01'), filler(6), filler(6)])),
  'tight palette': rect(5, 3, ENCODING.tight, Buffer.concat([hex('40 01 03'), filler(12), hex('04'), filler(4)])),
  cursor: rect(9, 2, ENCODING.cursor, filler(72 + 4)),
  xCursor: rect(9, 2, ENCODING.xCursor, filler(6 + 8)),
  'xCursor, empty': rect(0, 0, ENCODING.xCursor, filler(0)),
  'vmware cursor, classic': rect(3, 2, ENCODING.vmwareCursor, Buffer.concat([hex('0000'), filler(48)])),
  'vmware cursor, alpha': rect(3, 2, ENCODING.vmwareCursor, Buffer.concat([hex('0100'), filler(24)])),
  'pointer position': rect(0, 0, ENCODING.vmwareCursorPosition, filler(0)),
  desktopSize: rect(800, 600, ENCODING.desktopSize, filler(0)),
};
const clipboard = Buffer.concat([hex('03 000000 00000006'), Buffer.from('secret')]);
const extendedClipboard = Buffer.concat([hex('03 000000 fffffffa'), Buffer.from('secret')]);
const last = rect(0, 0, ENCODING.lastRect, filler(0));
const endless = Buffer.concat([hex('00 00 ffff'), rects['raw'] ?? filler(0), last]);

const seen = [update(...Object.values(rects)), endless, hex('02'), hex('01 00 0000 0002'), filler(12), hex('96')];
const clean = Buffer.concat([...seen, fence(0x80000001, filler(5)), update()]);
const stream = Buffer.concat([
  ...seen,
  clipboard,
  fence(0x80000001, filler(5)),
  extendedClipboard,
  update(),
  clipboard,
]);

describe('the server walker', () => {
  it.each(Object.entries(rects))('measures %s', (_, bytes) => {
    const types: number[] = [];
    const walker = new ServerWalker({ message: (type) => types.push(type) }, format);
    walker.push(Buffer.concat([update(bytes), hex('02')]));
    expect(types).toEqual([0, 2]);
  });

  it('refuses what it cannot measure', () => {
    const bad = [
      hex('09'),
      update(rect(1, 1, 5, filler(1))),
      update(rect(1, 1, ENCODING.tight, hex('a0'))),
      fence(0, filler(65)),
    ];
    for (const bytes of bad) expect(() => new ServerWalker({}, format).push(bytes)).toThrow(RfbError);
  });

  it('survives anything', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.integer({ min: 1, max: 30 })), (bytes, cuts) => {
        const walker = new ServerWalker({}, format);
        try {
          for (const chunk of cutAt(Buffer.from(bytes), cuts)) walker.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(RfbError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the filter towards a viewer', () => {
  const pass = (chunks: Buffer[]): Buffer => {
    const filter = new ServerFilter(format, () => false);
    return Buffer.concat(chunks.flatMap((chunk) => filter.push(chunk).map((part) => Buffer.from(part))));
  };

  it('takes out clipboards and nothing else, wherever the stream is split', () => {
    expect(pass([stream]).equals(clean)).toBe(true);
    for (let at = 0; at <= 2_500; at++) {
      if (!pass([stream.subarray(0, at), stream.subarray(at)]).equals(clean))
        throw new Error(`lost its place at ${at}`);
    }
    for (let at = stream.length - 80; at <= stream.length; at++) {
      if (!pass([stream.subarray(0, at), stream.subarray(at)]).equals(clean))
        throw new Error(`lost its place at ${at}`);
    }
    expect(pass([...stream].map((byte) => Buffer.from([byte]))).equals(clean)).toBe(true);
  });

  it('passes a chunk of pixels on as the very same bytes', () => {
    const filter = new ServerFilter(format, () => false);
    filter.push(Buffer.concat([hex('00 00 0001'), rect(100, 100, ENCODING.raw, filler(10))]));
    const chunk = filler(1_000);
    expect(filter.push(chunk)).toEqual([chunk]);
    expect(filter.push(chunk)[0]).toBe(chunk);
  });

  it("keeps the answers to the relay's own questions", () => {
    const filter = new ServerFilter(format, (payload) => payload.equals(filler(4)));
    expect(filter.push(fence(1, filler(4)))).toEqual([]);
    expect(filter.push(fence(1, filler(5)))).toEqual([fence(1, filler(5))]);
    expect(filter.push(fence(0x80000001, filler(4)))).toEqual([fence(0x80000001, filler(4))]);
  });
});
