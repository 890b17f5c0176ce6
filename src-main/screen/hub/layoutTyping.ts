import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import type { RfbConnection } from '../rfb/connection';
import type { Hands } from './hands';
import { keysymsOfText } from './keys';
import { heldKeys, layoutKeysym, noKeyFor, type Held, type Layout } from './layout';

/**
 * QEMU hands a guest one event of its keyboard every 10 ms (`key-delay-ms`), and drops in silence what goes over about
 * 340 that wait: so no more are sent than it has handed on, and a little slower.
 */
const EVENT_MS = 11;
/** Events between two pauses. */
const BATCH = 24;
/** At two to four events each: 20 to 90 s. */
const MAX_TEXT = 2_000;

interface Stroke {
  held: Held;
  keysym: number;
}

/** What is pressed for a text. bad_request names every character without a key; too_large over 2,000. */
export function strokesOf(layout: Layout, text: string): Stroke[] {
  const typed = keysymsOfText(text);
  if (typed.length > MAX_TEXT) {
    throw new WheelhouseError(
      'too_large',
      `At most ${MAX_TEXT} characters can be typed at once on this computer's keyboard, which takes about 40 in a second.`,
    );
  }
  const missing: string[] = [];
  const strokes = typed.map(({ character, keysym }): Stroke => {
    if (keysym >= 0xff00 && keysym <= 0xffff) return { held: 'plain', keysym };
    const held = layout.of(character);
    if (held === undefined) missing.push(character);
    return { held: held ?? 'plain', keysym: layoutKeysym(character) };
  });
  if (missing.length > 0) throw noKeyFor(layout, missing);
  return strokes;
}

/**
 * Types text on an emulated keyboard; resolves when the guest's keyboard has been handed every key. Nothing is typed of
 * a text with a character that has no key.
 */
export async function typeOnKeyboard(
  { connection, hands }: { connection: Pick<RfbConnection, 'roundTrip'>; hands: Hands },
  layout: Layout,
  epoch: number,
  text: string,
): Promise<void> {
  const strokes = strokesOf(layout, text);
  let held: Held = 'plain';
  let events = 0;
  const hold = (next: Held): void => {
    if (next === held) return;
    for (const keysym of heldKeys[held]) hands.key(epoch, keysym, false);
    for (const keysym of heldKeys[next]) hands.key(epoch, keysym, true);
    events += heldKeys[held].length + heldKeys[next].length;
    held = next;
  };
  const pause = async (): Promise<void> => {
    const ms = events * EVENT_MS;
    events = 0;
    await sleep(ms);
  };
  for (const stroke of strokes) {
    hold(stroke.held);
    hands.tap(epoch, stroke.keysym);
    events += 2;
    if (events >= BATCH) await pause();
  }
  hold('plain');
  await connection.roundTrip();
  await pause();
}
