import { sleep } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import type { MouseButton } from '../types';
import type { Hands } from './hands';
import { KEY, keysymsOfChord } from './keys';
import { layoutChord, type Layout } from './layout';

/** RFB's button bits. Xvnc knows seven buttons, so Back and Forward go in as the keys that mean them (X11's XF86Back). */
const buttonBits = { Left: 1, Middle: 2, Right: 4 } as const;
const buttonKeys = { Backward: KEY.back, Forward: KEY.forward } as const;
const scrollBits = { up: 8, down: 16, left: 32, right: 64 } as const;

/** Toolkits take clicks up to 400-500 ms apart for a double click; a pause tells the two apart for those that poll. */
const BETWEEN_CLICKS_MS = 12;
const DRAG_STEPS = 8;
const DRAG_STEP_MS = 8;
const MAX_NOTCHES = 20;
const MAX_CLICKS = 3;
const MAX_KEYS = 16;

export interface Point {
  x: number;
  y: number;
}

export async function click(
  hands: Hands,
  epoch: number,
  at: Point | null,
  button: MouseButton,
  count: number,
): Promise<void> {
  if (!Number.isInteger(count) || count < 1 || count > MAX_CLICKS) {
    throw new WheelhouseError('bad_request', `A click counts 1 to ${MAX_CLICKS}, not ${count}.`);
  }
  hands.move(epoch, at?.x ?? hands.x, at?.y ?? hands.y);
  for (let i = 0; i < count; i++) {
    if (i > 0) await sleep(BETWEEN_CLICKS_MS);
    if (button === 'Backward' || button === 'Forward') {
      hands.tap(epoch, buttonKeys[button]);
      continue;
    }
    hands.button(epoch, buttonBits[button], true);
    hands.button(epoch, buttonBits[button], false);
  }
}

/** Presses, moves in a few steps so that a toolkit sees a drag begin, and lets go. */
export async function drag(hands: Hands, epoch: number, from: Point, to: Point, button: MouseButton): Promise<void> {
  if (button === 'Backward' || button === 'Forward') {
    throw new WheelhouseError('bad_request', `The ${button} button can't drag.`);
  }
  hands.move(epoch, to.x, to.y);
  hands.move(epoch, from.x, from.y);
  hands.button(epoch, buttonBits[button], true);
  for (let step = 1; step <= DRAG_STEPS; step++) {
    await sleep(DRAG_STEP_MS);
    const part = (a: number, b: number) => Math.round(a + ((b - a) * step) / DRAG_STEPS);
    hands.move(epoch, part(from.x, to.x), part(from.y, to.y));
  }
  await sleep(DRAG_STEP_MS);
  hands.button(epoch, buttonBits[button], false);
}

export function scroll(hands: Hands, epoch: number, at: Point, deltaX: number, deltaY: number): void {
  for (const delta of [deltaX, deltaY]) {
    if (!Number.isInteger(delta) || Math.abs(delta) > MAX_NOTCHES) {
      throw new WheelhouseError('bad_request', `Scrolling goes ${MAX_NOTCHES} notches at most, not ${delta}.`);
    }
  }
  hands.move(epoch, at.x, at.y);
  const turn = (bit: number, notches: number) => {
    for (let i = 0; i < Math.abs(notches); i++) {
      hands.button(epoch, bit, true);
      hands.button(epoch, bit, false);
    }
  };
  turn(deltaY > 0 ? scrollBits.down : scrollBits.up, deltaY);
  turn(deltaX > 0 ? scrollBits.right : scrollBits.left, deltaX);
}

/** Down in order, up in reverse; every name is known before the first key goes down. `layout`: of an emulated keyboard. */
export function pressKeys(hands: Hands, epoch: number, names: readonly string[], layout: Layout | null = null): void {
  if (names.length === 0 || names.length > MAX_KEYS) {
    throw new WheelhouseError('bad_request', `Between 1 and ${MAX_KEYS} keys can be pressed together.`);
  }
  const keysyms = layout === null ? keysymsOfChord(names) : layoutChord(layout, names);
  for (const keysym of keysyms) hands.key(epoch, keysym, true);
  for (const keysym of keysyms.reverse()) hands.key(epoch, keysym, false);
}
