import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judge, mayEncode } from './clientGate';
import { CLIENT_LIMITS, ClientParser, type ClientMessage } from './clientParser';
import { everyClientMessage, cutAt } from '../testing/clientMessages';
import { ENCODING, RfbError, setEncodings } from './wire';

const parse = (chunks: Buffer[]): ClientMessage[] => {
  const parser = new ClientParser();
  return chunks.flatMap((chunk) => parser.push(chunk)).map(({ type, bytes }) => ({ type, bytes: Buffer.from(bytes) }));
};

describe('the client parser', () => {
  const messages = everyClientMessage.map(({ bytes }) => bytes);
  const stream = Buffer.concat(messages);

  it('finds the same messages wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at++) {
      expect(parse([stream.subarray(0, at), stream.subarray(at)]).map(({ bytes }) => bytes)).toEqual(messages);
    }
  });

  it('finds them byte by byte, and in any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (cuts) => {
        expect(parse(cutAt(stream, cuts)).map(({ bytes }) => bytes)).toEqual(messages);
      }),
    );
    expect(parse([...stream].map((byte) => Buffer.from([byte]))).map(({ bytes }) => bytes)).toEqual(messages);
  });

  it('survives anything: messages that add up to what went in, or an RfbError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.integer({ min: 1, max: 30 })), (bytes, cuts) => {
        const parser = new ClientParser();
        let out = 0;
        try {
          for (const chunk of cutAt(Buffer.from(bytes), cuts)) {
            for (const message of parser.push(chunk)) out += message.bytes.length;
          }
          expect(out + parser.waiting).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RfbError);
        }
        expect(parser.waiting).toBeLessThanOrEqual(CLIENT_LIMITS.cutText + 8);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['an unknown type', [7]],
    ['a clipboard of 0xffffffff bytes', [6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['a clipboard over the limit', [6, 0, 0, 0, 0, 4, 0, 1]],
    ['a fence over 64 bytes', [248, 0, 0, 0, 0, 0, 0, 0, 65]],
    ['too many encodings', [2, 0, 4, 1]],
    ['an unknown QEMU message', [255, 2]],
    ['an unknown audio operation', [255, 1, 0, 3]],
  ])('refuses %s', (_, bytes) => {
    expect(() => new ClientParser().push(Buffer.from(bytes))).toThrow(RfbError);
    const slowly = new ClientParser();
    expect(() => bytes.forEach((byte) => slowly.push(Buffer.from([byte])))).toThrow(RfbError);
  });
});

describe('the gate', () => {
  it.each(everyClientMessage)('judges type $type ($name) as $verdict', ({ type, bytes, verdict }) => {
    expect(judge({ type, bytes }).kind).toBe(verdict);
  });

  it('leaves only encodings that it can follow', () => {
    const refused = [-316, ENCODING.extendedClipboard, -258, -308, -305, -309, -307, -260, -261, 5, 50, 21, 1_000_000];
    const granted = [7, 16, 1, 0, -239, -223, -224, -312, -313, -26, -250];
    const verdict = judge({ type: 2, bytes: setEncodings([...refused, ...granted]) });
    expect(verdict).toEqual({ kind: 'pass', bytes: setEncodings(granted) });
    expect(refused.some(mayEncode)).toBe(false);
  });
});
