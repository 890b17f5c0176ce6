import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/clock';
import { WheelhouseError } from '../../base/errors';
import { clipboardMessage, readClipboard } from '../rfb/clipboardMessages';
import type { RfbConnection } from '../rfb/connection';
import { Clipboard } from './clipboard';
import { Hands } from './hands';
import { keysymsOfChord, keysymsOfText } from './keys';
import { pieces, typeText } from './typing';

/** A server and a program of one: it asks for the clipboard when told to paste, if `asks`, and writes down what it gets. */
function rig(asks: boolean, options: { guestHas?: string } = {}) {
  const clock = new FakeClock();
  let typed = '';
  let offered = false;
  const log: string[] = [];
  const write = (bytes: Buffer) => {
    if (bytes[0] === 4 && bytes[1] === 1) {
      const keysym = bytes.readUInt32BE(4);
      if (keysym === 0xff63 && asks && offered)
        queueMicrotask(() => clipboard.push(clipboardMessage.request().subarray(8)));
      else if (keysym < 0xff00 || keysym > 0xffff) typed += String.fromCodePoint(keysym & 0xffffff);
      else if (keysym === 0xff0d) typed += '\n';
    }
    if (bytes[0] !== 6) return;
    const event = readClipboard(bytes.subarray(8));
    log.push(event.kind === 'notify' ? `notify ${event.text}` : event.kind);
    if (event.kind === 'notify') offered = event.text;
    if (event.kind === 'provide') typed += event.text;
    if (event.kind === 'request') {
      queueMicrotask(() => clipboard.push(clipboardMessage.provide(options.guestHas ?? '').subarray(8)));
    }
  };
  const roundTrip = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    if (!asks) clock.advance(1_000);
  };
  const connection = { write, roundTrip, screen: { width: 10, height: 10 } };
  const clipboard = new Clipboard(connection, clock);
  clipboard.push(clipboardMessage.caps().subarray(8));
  if (options.guestHas !== undefined) clipboard.push(clipboardMessage.notify(true).subarray(8));
  const hands = new Hands(connection as unknown as RfbConnection, 1);
  const typist = { connection, hands, clipboard, shown: async () => {} };
  return { clock, typist, log, typed: () => typed };
}

describe('typing', () => {
  it('takes what the layout has as keys and parts of lines with anything else as a paste', () => {
    const kinds = pieces(keysymsOfText('abc\tdef\né x\n\n漢\r\nz')).map((piece) => [piece.kind, piece.keys.length]);
    expect(kinds).toEqual([
      ['keys', 8],
      ['paste', 3],
      ['keys', 2],
      ['paste', 1],
      ['keys', 2],
    ]);
  });

  it('pastes when the program asks, and leaves nothing behind', async () => {
    const { typist, log, typed } = rig(true);
    await typeText(typist, 1, 'say héllo\n😀!');
    expect(typed()).toBe('say héllo\n😀!');
    expect(log).toEqual(['caps', 'notify true', 'provide', 'notify true', 'provide', 'notify false']);
  });

  it('puts the clipboard of the machine back', async () => {
    const { typist, log } = rig(true, { guestHas: 'kept' });
    await typeText(typist, 1, 'é');
    expect(log).toEqual(['caps', 'request', 'notify true', 'provide', 'notify true']);
  });

  it('adds a few keys where nobody asks, and says so when they are too many', async () => {
    const { clock, typist, typed } = rig(false);
    const typing = typeText(typist, 1, 'ab\néü');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_000);
    await typing;
    expect(typed()).toBe('ab\néü');
    const tooMany = typeText(typist, 1, 'ab\nабвгдежзиклмн').catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1_000);
    expect(await tooMany).toMatchObject({ code: 'guest_failed', data: { typed: 3 } });
  });

  it('refuses what no key makes', () => {
    expect(() => keysymsOfText('\ud800')).toThrow(WheelhouseError);
    expect(() => keysymsOfText('\u0007')).toThrow(expect.objectContaining({ code: 'bad_request' }));
    expect(() => keysymsOfText('x'.repeat(65_537))).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  it('sends a chord as the keys become', () => {
    expect(keysymsOfChord(['ctrl', 'C'])).toEqual([0xffe3, 0x63]);
    expect(keysymsOfChord(['shift', '1'])).toEqual([0xffe1, 0x21]);
    expect(keysymsOfChord(['shift', 'tab'])).toEqual([0xffe1, 0xfe20]);
    expect(keysymsOfChord(['F12'])).toEqual([0xffc9]);
    expect(keysymsOfChord(['A'])).toEqual([0x41]);
  });

  it('reads no clipboard that is broken or a bomb', () => {
    const huge = clipboardMessage.provide('x'.repeat(2_000_000)).subarray(8);
    expect(readClipboard(huge)).toEqual({ kind: 'other' });
    expect(readClipboard(Buffer.from('1000000100ff', 'hex'))).toEqual({ kind: 'other' });
    expect(readClipboard(Buffer.alloc(2))).toEqual({ kind: 'other' });
    expect(readClipboard(clipboardMessage.provide('ä\nb').subarray(8))).toEqual({ kind: 'provide', text: 'ä\nb' });
  });
});

describe('keys by name', () => {
  it('says how to write what is no key', () => {
    expect(() => keysymsOfChord(['ctrl+s'])).toThrow('Give each key by itself: ["ctrl","s"].');
    expect(() => keysymsOfChord(['volumeup'])).toThrow(/Names: ctrl alt shift/);
    expect(keysymsOfChord(['ctrl', '+'])).toEqual([0xffe3, 0x2b]);
  });
});
