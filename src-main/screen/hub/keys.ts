import { WheelhouseError } from '../../base/errors';

/** X keysyms of the names that press_keys takes (X11's keysymdef.h), and their usual other spellings. */
export const named: Readonly<Record<string, number>> = {
  ctrl: 0xffe3,
  control: 0xffe3,
  alt: 0xffe9,
  option: 0xffe9,
  shift: 0xffe1,
  win: 0xffeb,
  super: 0xffeb,
  meta: 0xffeb,
  cmd: 0xffeb,
  command: 0xffeb,
  windows: 0xffeb,
  altgr: 0xfe03,
  enter: 0xff0d,
  return: 0xff0d,
  esc: 0xff1b,
  escape: 0xff1b,
  tab: 0xff09,
  space: 0x20,
  up: 0xff52,
  arrowup: 0xff52,
  down: 0xff54,
  arrowdown: 0xff54,
  left: 0xff51,
  arrowleft: 0xff51,
  right: 0xff53,
  arrowright: 0xff53,
  pageup: 0xff55,
  page_up: 0xff55,
  pagedown: 0xff56,
  page_down: 0xff56,
  home: 0xff50,
  end: 0xff57,
  backspace: 0xff08,
  delete: 0xffff,
  del: 0xffff,
  insert: 0xff63,
  ins: 0xff63,
  capslock: 0xffe5,
  numlock: 0xff7f,
  scrolllock: 0xff14,
  printscreen: 0xff61,
  print: 0xff61,
  pause: 0xff13,
  menu: 0xff67,
  contextmenu: 0xff67,
  plus: 0x2b,
  minus: 0x2d,
};

export const KEY = {
  shift: 0xffe1,
  altGr: 0xfe03,
  insert: 0xff63,
  back: 0x1008ff26,
  forward: 0x1008ff27,
} as const;

/** The keysym of a code point: Latin-1 is its own, the rest lives in X's Unicode range. */
const keysymOfCodePoint = (point: number): number =>
  (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff) ? point : 0x01000000 + point;

/** The keysym of a key's name or of one character; bad_request names what is unknown. */
export function keysymOfName(name: string): number {
  const known = named[name.toLowerCase()] ?? functionKey(name);
  if (known !== undefined) return known;
  const characters = [...name];
  const point = characters[0]?.codePointAt(0);
  if (characters.length === 1 && point !== undefined && printable(point)) return keysymOfCodePoint(point);
  const key = name.slice(0, 40);
  const parts = key.split(/[+-]/).filter(Boolean);
  const hint =
    parts.length > 1
      ? `Give each key by itself: ${JSON.stringify(parts)}.`
      : 'Names: ctrl alt shift win enter esc tab space up down left right pageup pagedown home end backspace delete insert f1 to f12, or one character.';
  throw new WheelhouseError('bad_request', `There is no key "${key}". ${hint}`, { key });
}

const unshifted = "1234567890-=[]\\;',./`";
const shifted = '!@#$%^&*()_+{}|:"<>?~';
const SHIFT_TAB = 0xfe20;

/**
 * The keysyms of keys held together. The server makes exactly the keysym it is sent, letting go of Shift for it if need
 * be; so with Shift held a key must be sent as what it becomes (A, !, back-tab), and with other modifiers a capital
 * means the key of that letter (ctrl C is ctrl c). Shifted punctuation is the US layout's, which the images have.
 */
export function keysymsOfChord(names: readonly string[]): number[] {
  const withShift = names.some((name) => name.toLowerCase() === 'shift');
  return names.map((name) => {
    const keysym = keysymOfName(name);
    if (withShift && keysym === named['tab']) return SHIFT_TAB;
    if (names.length === 1 || name.length !== 1) return keysym;
    if (!withShift) return keysymOfName(name.toLowerCase());
    const at = unshifted.indexOf(name);
    return keysymOfName(shifted[at] ?? name.toUpperCase());
  });
}

function functionKey(name: string): number | undefined {
  const number = /^f([1-9]|1[0-9]|2[0-4])$/i.exec(name)?.[1];
  return number === undefined ? undefined : 0xffbe + Number(number) - 1;
}

const printable = (point: number): boolean =>
  point >= 0x20 && point !== 0x7f && !(point >= 0x80 && point < 0xa0) && !(point >= 0xd800 && point <= 0xdfff);

const controls: Record<number, number> = { 8: 0xff08, 9: 0xff09, 10: 0xff0d, 13: 0xff0d, 27: 0xff1b, 127: 0xffff };

/** Characters of one typing. */
const MAX_TEXT = 65_536;

export interface Typed {
  character: string;
  keysym: number;
}

/**
 * Text as keysyms, one for each code point; line ends of any kind become one Return. bad_request for control characters
 * that no key makes and for halves of surrogate pairs, too_large over 65,536 characters.
 */
export function keysymsOfText(text: string): Typed[] {
  if (text.length > MAX_TEXT) {
    throw new WheelhouseError('too_large', `At most ${MAX_TEXT} characters can be typed at once.`);
  }
  return [...text.replace(/\r\n/g, '\n')].map((character, index) => {
    const point = character.codePointAt(0) ?? 0;
    const control = controls[point];
    if (control !== undefined) return { character: point === 13 ? '\n' : character, keysym: control };
    if (!printable(point)) {
      throw new WheelhouseError('bad_request', `Character ${index} (U+${point.toString(16)}) can't be typed.`, {
        index,
      });
    }
    return { character, keysym: keysymOfCodePoint(point) };
  });
}
