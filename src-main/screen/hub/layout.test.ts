import { describe, expect, it } from 'vitest';
import { keyboards } from '../../guest/rfbPath';
import type { RfbConnection } from '../rfb/connection';
import { Hands } from './hands';
import { layoutChord, layoutNamed, layoutOf } from './layout';
import { strokesOf, typeOnKeyboard } from './layoutTyping';

const us = layoutNamed('en-us');
const de = layoutNamed('de');
const shift = 0xffe1;
const altGr = 0xfe03;
const code = (character: string): number => character.codePointAt(0) ?? 0;

/** What a connection was told of keys: +keysym down, -keysym up; `.` is a round trip. */
function typist() {
  const told: (number | '.')[] = [];
  const connection = {
    screen: { width: 640, height: 480 },
    write: (bytes: Buffer) => void told.push(bytes[1] === 1 ? bytes.readUInt32BE(4) : -bytes.readUInt32BE(4)),
    roundTrip: async () => void told.push('.'),
  };
  const hands = new Hands(connection as unknown as RfbConnection, 1);
  return { told, typist: { connection, hands } };
}

describe('the keys of a layout', () => {
  it('make each character in one way, and all of ASCII on an English keyboard', () => {
    for (const name of keyboards) {
      const { characters } = layoutNamed(name);
      expect(new Set(characters.map(([character]) => character)).size).toBe(characters.length);
      for (const letter of 'azAZ09 ') expect(layoutNamed(name).of(letter)).toBeDefined();
    }
    for (let point = 0x20; point < 0x7f; point += 1) expect(us.of(String.fromCodePoint(point))).toBeDefined();
    expect([de.of('ä'), de.of('?'), de.of('@'), de.of('^')]).toEqual(['plain', 'shift', 'altgr', undefined]);
  });

  it('are those that the machine’s path names; none for a server that makes every character', () => {
    const target = { machineId: 'm', secret: '' };
    expect(layoutOf({ ...target, path: 'rfb:fr.b:/s' })?.name).toBe('fr');
    expect(layoutOf({ ...target, path: '/run/link.sock' })).toBeNull();
  });

  it('are pressed together as on a real keyboard', () => {
    expect(layoutChord(us, ['ctrl', 'C'])).toEqual([0xffe3, code('c')]);
    expect(layoutChord(us, ['ctrl', 'shift', 't'])).toEqual([0xffe3, shift, code('T')]);
    expect(layoutChord(de, ['shift', '2'])).toEqual([shift, code('2')]);
    expect(layoutChord(us, ['A'])).toEqual([shift, code('A')]);
    expect(layoutChord(de, ['@'])).toEqual([altGr, code('@')]);
    expect(layoutChord(us, ['F5'])).toEqual([0xffc2]);
    expect(() => layoutChord(us, ['ctrl', 'ß'])).toThrow(expect.objectContaining({ code: 'bad_request' }));
    expect(() => layoutChord(us, ['hyperspace'])).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});

describe('text on an emulated keyboard', () => {
  it('goes in key by key, with what must be held for each', async () => {
    const { told, typist: hands } = typist();
    await typeOnKeyboard(hands, de, 1, 'aAB@\n');
    const tap = (keysym: number) => [keysym, -keysym];
    expect(told).toEqual([
      ...tap(code('a')),
      ...[shift, ...tap(code('A')), ...tap(code('B')), -shift],
      ...[altGr, ...tap(code('@')), -altGr],
      ...[...tap(0xff0d), '.'],
    ]);
  });

  it('is refused whole when it has characters without a key, which are named', async () => {
    const { told, typist: hands } = typist();
    const failure = typeOnKeyboard(hands, us, 1, 'naïve 漢字 text\nwith naïve');
    await expect(failure).rejects.toMatchObject({ code: 'bad_request', data: { characters: 'ï漢字' } });
    await expect(failure).rejects.toThrow('en-us, which has no key for "ï", "漢", "字". Nothing was typed.');
    expect(told).toEqual([]);
    expect(() => strokesOf(us, 'x'.repeat(2_001))).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  it('stops when control changes hands', async () => {
    const { told, typist: hands } = typist();
    const typing = typeOnKeyboard(hands, us, 1, 'x'.repeat(200));
    hands.hands.advance(2);
    await expect(typing).rejects.toMatchObject({ code: 'stale_epoch' });
    expect(told.length).toBeLessThan(200);
  });
});
