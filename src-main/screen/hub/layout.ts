import { WheelhouseError } from '../../base/errors';
import { parseRfbPath, type KeyboardName } from '../../guest/rfbPath';
import type { LinkTarget } from '../../sandbox/backend';
import { keysymsOfChord, KEY, named } from './keys';

/** Which characters a keyboard makes, by what must be held for them. */
interface Keys {
  plain: string;
  shift: string;
  altgr: string;
}

const letters = 'abcdefghijklmnopqrstuvwxyz';
const capitals = letters.toUpperCase();

/**
 * An emulated keyboard has keys, not characters: QEMU's VNC server looks up the key of the keysym it is sent (`-k`), and
 * what the guest makes of that key is up to the layout set inside and to what is held. So the one who types holds Shift
 * and AltGr. Left out are characters that some guests of a layout make from dead keys: they would vanish into the next one.
 */
const layouts: Record<KeyboardName, Keys> = {
  'en-us': {
    plain: ` '\`,-./0123456789;=[\\]${letters}`,
    shift: `!"#$%&()*+:<>?@^_{|}~${capitals}`,
    altgr: '',
  },
  'en-gb': {
    plain: ` #'\`,-./0123456789;=[\\]${letters}`,
    shift: `!"$%&()*+:<>?@^_{|}~£¬${capitals}`,
    altgr: '€',
  },
  de: {
    plain: ` #+,-.0123456789<ßäöü${letters}`,
    shift: `!"$%&'()*/:;=>?_§°ÄÖÜ${capitals}`,
    altgr: '@[\\]{|}~²³µ€',
  },
  fr: {
    plain: ` !"$&'()*,-:;<=_àçèéù${letters}`,
    shift: `%+./0123456789>?£§°µ${capitals}`,
    altgr: '#@[\\]{|}€',
  },
  es: {
    plain: ` '+,-.0123456789<¡ºçñ${letters}`,
    shift: `!"$%&()*/:;=>?_ª·¿ÇÑ${capitals}`,
    altgr: '#@[\\]{|}€',
  },
};

export type Held = 'plain' | 'shift' | 'altgr';
export interface Layout {
  name: KeyboardName;
  /** What is held for a character; undefined: no key makes it. */
  of(character: string): Held | undefined;
  characters: readonly [character: string, held: Held][];
}

const levels = ['plain', 'shift', 'altgr'] as const;

export function layoutNamed(name: KeyboardName): Layout {
  const characters = levels.flatMap((held) =>
    [...layouts[name][held]].map((character) => [character, held] as [string, Held]),
  );
  const map = new Map(characters);
  return { name, characters, of: (character) => map.get(character) };
}

/** The keyboard of a machine that has no agent; null: the server makes every keysym that it is sent, as Xvnc does. */
export function layoutOf(target: LinkTarget): Layout | null {
  const path = parseRfbPath(target.path);
  return path === null ? null : layoutNamed(path.keyboard);
}

/** What has to go down, in order, around a character's own key. */
export const heldKeys: Record<Held, readonly number[]> = { plain: [], shift: [KEY.shift], altgr: [KEY.altGr] };

/** The Euro has a keysym from before Unicode (0x20ac), the only one that QEMU's keymaps know. */
export const layoutKeysym = (character: string): number =>
  character === '€' ? 0x20ac : (character.codePointAt(0) ?? 0);

/**
 * The keysyms of keys held together, on a keyboard: one character alone brings what it needs; with more, each name is the
 * key that bears it, as on a real keyboard. Letters under Shift are capitals: the server tells CapsLock by them.
 * bad_request names the unknown one.
 */
export function layoutChord(layout: Layout, names: readonly string[]): number[] {
  const [only] = names;
  if (names.length === 1 && only !== undefined && [...only].length === 1) {
    const held = layout.of(only);
    if (held === undefined) throw noKeyFor(layout, [only]);
    return [...heldKeys[held], layoutKeysym(only)];
  }
  const withShift = names.some((name) => name.toLowerCase() === 'shift');
  return names.map((name) => {
    if ([...name].length !== 1) return named[name.toLowerCase()] ?? keysymsOfChord([name])[0] ?? 0;
    if (layout.of(name) === undefined) throw noKeyFor(layout, [name]);
    return layoutKeysym(withShift ? name.toUpperCase() : name.toLowerCase());
  });
}

/** At most this many characters are named. */
const namedCharacters = 20;

export function noKeyFor(layout: Layout, characters: readonly string[]): WheelhouseError {
  const all = [...new Set(characters)];
  const some = all.slice(0, namedCharacters).map((character) => JSON.stringify(character));
  const more = all.length > some.length ? ` and ${all.length - some.length} more` : '';
  return new WheelhouseError(
    'bad_request',
    `This computer is typed at by a keyboard of the layout ${layout.name}, which has no key for ${some.join(', ')}${more}. Nothing was typed.`,
    { characters: all.slice(0, namedCharacters).join('') },
  );
}
