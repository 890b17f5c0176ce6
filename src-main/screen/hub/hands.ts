import { WheelhouseError } from '../../base/errors';
import type { RfbConnection } from '../rfb/connection';
import { keyEvent, pointerEvent } from '../rfb/wire';

/**
 * Everything the hub presses goes through here: it knows what is held down, where the pointer is and under which epoch
 * the machine is, and refuses older input at the last step before the socket, in the thread that owns the socket.
 */
export class Hands {
  x: number;
  y: number;
  private mask = 0;
  private readonly keys = new Set<number>();

  constructor(
    private readonly connection: RfbConnection,
    private epoch: number,
  ) {
    this.x = connection.screen.width >> 1;
    this.y = connection.screen.height >> 1;
  }

  /** stale_epoch when input admitted under `epoch` may no longer reach the machine. */
  check(epoch: number): void {
    if (epoch >= this.epoch) return;
    throw new WheelhouseError(
      'stale_epoch',
      'Control of this machine has changed hands since this action was admitted.',
      {
        epoch: this.epoch,
      },
    );
  }

  key(epoch: number, keysym: number, down: boolean): void {
    this.check(epoch);
    if (down) this.keys.add(keysym);
    else this.keys.delete(keysym);
    this.connection.write(keyEvent(keysym, down));
  }

  tap(epoch: number, keysym: number): void {
    this.key(epoch, keysym, true);
    this.key(epoch, keysym, false);
  }

  /** Moves with the buttons as they are; bad_request outside the screen. */
  move(epoch: number, x: number, y: number): void {
    this.check(epoch);
    const { width, height } = this.connection.screen;
    const inside = Number.isInteger(x) && Number.isInteger(y) && x >= 0 && y >= 0 && x < width && y < height;
    if (!inside) throw new WheelhouseError('bad_request', `(${x}, ${y}) is outside the screen of ${width}x${height}.`);
    this.x = x;
    this.y = y;
    this.connection.write(pointerEvent(this.mask, x, y));
  }

  button(epoch: number, bit: number, down: boolean): void {
    this.check(epoch);
    this.mask = down ? this.mask | bit : this.mask & ~bit;
    this.connection.write(pointerEvent(this.mask, this.x, this.y));
  }

  /** From here on older input is refused; whatever is held goes up, last pressed first. Epochs never go back. */
  advance(epoch: number): void {
    if (epoch < this.epoch) this.check(epoch);
    this.epoch = epoch;
    this.release();
  }

  release(): void {
    for (const keysym of [...this.keys].reverse()) this.connection.write(keyEvent(keysym, false));
    this.keys.clear();
    if (this.mask !== 0) this.connection.write(pointerEvent(0, this.x, this.y));
    this.mask = 0;
  }

  /** The server moved the pointer, or somebody else did. */
  pointerSeen(x: number, y: number): void {
    this.x = Math.min(x, this.connection.screen.width - 1);
    this.y = Math.min(y, this.connection.screen.height - 1);
  }
}
