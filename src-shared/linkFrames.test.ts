import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, FrameReader, LinkProtocolError } from './linkFrames';

const bound = 64 * 1024;
const all = (reader: FrameReader): unknown[] => {
  const values: unknown[] = [];
  for (let frame = reader.next(); frame; frame = reader.next()) values.push(frame.value);
  return values;
};
const join = (parts: Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
};

describe('frames of the link', () => {
  it('arrive whole and in order, wherever the bytes are split', () => {
    const values = [{ id: 1 }, 'héllo 漢字 😀', null, [1, 2, 3], { deep: { er: [''] } }];
    const bytes = join(values.map((value) => encodeFrame(value, bound)));
    for (let split = 0; split <= bytes.length; split += 1) {
      const reader = new FrameReader(bound);
      reader.push(bytes.subarray(0, split));
      const first = all(reader);
      reader.push(bytes.subarray(split));
      expect([...first, ...all(reader)]).toEqual(values);
    }
  });

  it('arrive byte by byte, and in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.array(fc.nat(40)), (values, cuts) => {
        const bytes = join(values.map((value) => encodeFrame(value, bound)));
        const reader = new FrameReader(bound);
        const got: unknown[] = [];
        let at = 0;
        for (const cut of cuts) {
          reader.push(bytes.subarray(at, at + cut));
          got.push(...all(reader));
          at += cut;
        }
        reader.push(bytes.subarray(Math.min(at, bytes.length)));
        got.push(...all(reader));
        expect(JSON.stringify(got)).toBe(JSON.stringify(values));
      }),
    );
  });

  it('leave what follows them to a raw stream', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uint8Array({ maxLength: 200 }), fc.nat(), (value, raw, seed) => {
        const bytes = join([encodeFrame(value, bound), raw]);
        const cut = seed % (bytes.length + 1);
        const reader = new FrameReader(bound);
        reader.push(bytes.subarray(0, cut));
        const frame = reader.next() ?? (reader.push(bytes.subarray(cut)), reader.next());
        const rest = join([
          reader.rest(),
          frame && cut >= bytes.length - raw.length ? bytes.subarray(cut) : new Uint8Array(),
        ]);
        expect(frame).not.toBeNull();
        expect(Buffer.from(rest).equals(Buffer.from(raw))).toBe(true);
      }),
    );
  });

  it('are refused by their announced length, before a byte of them is kept', () => {
    const reader = new FrameReader(1024);
    reader.push(new Uint8Array([0, 0, 4, 1]));
    expect(() => reader.next()).toThrow(LinkProtocolError);
    const huge = new FrameReader(1024);
    huge.push(new Uint8Array([255, 255, 255, 255]));
    expect(() => huge.next()).toThrow(/4294967295/);
    expect(() => encodeFrame('x'.repeat(2000), 1024)).toThrow(LinkProtocolError);
  });

  it('never come out of garbage as anything but a frame or a protocol error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 16 }), (chunks) => {
        const reader = new FrameReader(256);
        try {
          for (const chunk of chunks) {
            reader.push(chunk);
            all(reader);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(LinkProtocolError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are refused when they are not UTF-8 or not JSON', () => {
    for (const body of [[0xff, 0xfe], [0x7b], [0x22, 0xc3, 0x22], []]) {
      const reader = new FrameReader(1024);
      reader.push(new Uint8Array([0, 0, 0, body.length, ...body]));
      expect(() => reader.next()).toThrow(LinkProtocolError);
    }
  });
});
