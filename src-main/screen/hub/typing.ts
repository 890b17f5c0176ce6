import { WheelhouseError } from '../../base/errors';
import type { RfbConnection } from '../rfb/connection';
import type { Clipboard } from './clipboard';
import type { Hands } from './hands';
import { KEY, keysymsOfText, type Typed } from './keys';

/** Keys between two looks at the epoch and the server: a bound on what is in flight, about a millisecond's worth. */
const BATCH = 64;
/** Characters of one paste. */
const PASTE_CHARACTERS = 16_384;
/**
 * New keysyms that may be added as a last resort. Measured: Xvnc 1.12 has 19 keycodes to spare in its whole life, takes
 * one for each keysym that its layout lacks, never gives one back, and drops the rest in silence.
 */
const SPARE_KEYSYMS = 12;

/** The text in pieces, in order: runs of keys of the layout, and parts of lines that hold other characters. */
export type Piece = { kind: 'keys'; keys: Typed[] } | { kind: 'paste'; keys: Typed[]; text: string };

const isForeign = ({ keysym }: Typed): boolean => keysym > 0x7e && (keysym < 0xff00 || keysym > 0xffff);
const isControl = ({ keysym }: Typed): boolean => keysym >= 0xff00 && keysym <= 0xffff;

/** Line ends, tabs and the like are always keys: pasted, a shell would not run the line and a form not go on. */
export function pieces(keys: readonly Typed[]): Piece[] {
  const out: Piece[] = [];
  let start = 0;
  while (start < keys.length) {
    const first = keys.slice(start, start + PASTE_CHARACTERS);
    const control = first.findIndex(isControl);
    const length = control === 0 ? 1 : control < 0 ? first.length : control;
    const part = first.slice(0, length);
    start += length;
    const last = out.at(-1);
    if (part.some(isForeign)) out.push({ kind: 'paste', keys: part, text: part.map((key) => key.character).join('') });
    else if (last?.kind === 'keys') last.keys.push(...part);
    else out.push({ kind: 'keys', keys: part });
  }
  return out;
}

/**
 * A program that has asked for pasted text is not done with it: Chromium drops what it read when the clipboard changes
 * before it has put the text in its page. The next change waits until the picture has changed and rested for so long,
 * or, where nothing shows, for the second time. Milliseconds.
 */
export const PASTE_QUIET_MS = 25;
export const PASTE_SHOWN_MS = 400;

/** What typing needs of a session. */
export interface Typist {
  connection: Pick<RfbConnection, 'roundTrip'>;
  hands: Hands;
  clipboard: Clipboard;
  /** Resolves when what was pasted can be seen, or never will. */
  shown(): Promise<void>;
}

/** Keysyms that were added to each server's layout. */
const added = new WeakMap<Hands, Set<number>>();

/**
 * Types text; resolves when the server has taken every key. Characters of the layout go in as keys. Parts of lines with
 * any other character are pasted (Shift+Insert, which terminals, toolkits and browsers share), and a program must have
 * asked for each: adding keysyms to the running layout loses characters without a trace. Where nobody asks, a few may
 * still be added as keys; more is guest_failed, which says how many characters were typed.
 */
export async function typeText(typist: Typist, epoch: number, text: string): Promise<void> {
  const { clipboard } = typist;
  const parts = pieces(keysymsOfText(text));
  const pastes = clipboard.usable && parts.some((part) => part.kind === 'paste');
  const saved = pastes ? await clipboard.save() : null;
  let typed = 0;
  try {
    for (const part of parts) {
      if (part.kind === 'keys') await typeKeys(typist, epoch, part.keys);
      else if (!(await pasteText(typist, epoch, part.text))) await addKeys(typist, epoch, part.keys, typed);
      typed += part.keys.length;
    }
  } finally {
    if (pastes) clipboard.restore(saved);
  }
}

async function typeKeys({ connection, hands }: Typist, epoch: number, keys: readonly Typed[]): Promise<void> {
  for (const [i, { keysym }] of keys.entries()) {
    hands.tap(epoch, keysym);
    if ((i + 1) % BATCH === 0) await connection.roundTrip();
  }
}

async function pasteText(
  { connection, hands, clipboard, shown }: Typist,
  epoch: number,
  text: string,
): Promise<boolean> {
  if (!clipboard.usable) return false;
  // Keys before the paste are with the program before it hears of the paste.
  await connection.roundTrip();
  hands.check(epoch);
  const taken = await clipboard.paste(text, () => {
    hands.key(epoch, KEY.shift, true);
    hands.tap(epoch, KEY.insert);
    hands.key(epoch, KEY.shift, false);
  });
  if (taken) await shown();
  return taken;
}

async function addKeys(
  { connection, hands }: Typist,
  epoch: number,
  keys: readonly Typed[],
  typed: number,
): Promise<void> {
  const known = added.get(hands) ?? new Set<number>();
  added.set(hands, known);
  const fresh = new Set(keys.filter((key) => isForeign(key) && !known.has(key.keysym)).map((key) => key.keysym));
  if (known.size + fresh.size > SPARE_KEYSYMS) {
    const message = `The program with the focus takes no pasted text; ${typed} characters were typed.`;
    throw new WheelhouseError('guest_failed', message, { typed });
  }
  for (const { keysym } of keys) {
    hands.tap(epoch, keysym);
    if (!fresh.has(keysym)) continue;
    known.add(keysym);
    await connection.roundTrip();
  }
}
