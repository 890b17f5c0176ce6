import type { ClientMessage } from '../rfb/clientParser';
import { CLIENT, keyEvent, pointerEvent } from '../rfb/wire';
import type { HumanInput, MouseButton } from '../types';

const buttons: readonly [bit: number, name: MouseButton][] = [
  [1, 'Left'],
  [2, 'Middle'],
  [4, 'Right'],
  [128, 'Backward'],
];
const wheel: readonly [bit: number, notch: number][] = [
  [8, -1],
  [16, 1],
  [32, -1],
  [64, 1],
];
/** A hand trembles; further than this is a drag. */
const CLICK_RADIUS = 5;
/** More keys than this are not held by hands. */
const MAX_HELD = 64;

/** What one viewer holds down in the machine, and what its input amounts to: counts and places, never text. */
export class ViewerHands {
  private readonly keys = new Set<number>();
  private mask = 0;
  private x = 0;
  private y = 0;
  private readonly pressed = new Map<number, { x: number; y: number }>();

  /** Takes in a message that passed to the machine. */
  passed({ type, bytes }: ClientMessage): HumanInput[] {
    if (type === CLIENT.key) return this.key(bytes.readUInt32BE(4), bytes.readUInt8(1) !== 0);
    if (type === CLIENT.pointer) return this.pointer(bytes.readUInt8(1), bytes.readUInt16BE(2), bytes.readUInt16BE(4));
    return [];
  }

  /** The messages that let go of everything; afterwards nothing is held. */
  release(): Buffer[] {
    const messages = [...this.keys].toReversed().map((keysym) => keyEvent(keysym, false));
    if (this.mask !== 0) messages.push(pointerEvent(0, this.x, this.y));
    this.keys.clear();
    this.pressed.clear();
    this.mask = 0;
    return messages;
  }

  private key(keysym: number, down: boolean): HumanInput[] {
    if (!down) {
      this.keys.delete(keysym);
      return [];
    }
    if (this.keys.size < MAX_HELD) this.keys.add(keysym);
    return [{ kind: 'keys', count: 1 }];
  }

  private pointer(mask: number, x: number, y: number): HumanInput[] {
    const inputs: HumanInput[] = [];
    const before = this.mask;
    this.mask = mask;
    this.x = x;
    this.y = y;
    for (const [bit, button] of buttons) {
      if (mask & ~before & bit) this.pressed.set(bit, { x, y });
      if (!(before & ~mask & bit)) continue;
      const from = this.pressed.get(bit) ?? { x, y };
      this.pressed.delete(bit);
      const near = Math.hypot(x - from.x, y - from.y) <= CLICK_RADIUS;
      inputs.push(near ? { kind: 'click', x, y, button } : { kind: 'drag', ...from, toX: x, toY: y });
    }
    for (const [bit, notches] of wheel) if (mask & ~before & bit) inputs.push({ kind: 'scroll', x, y, notches });
    return inputs;
  }
}
