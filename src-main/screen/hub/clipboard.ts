import type { Clock } from '../../base/clock';
import { clipboardMessage, readClipboard } from '../rfb/clipboardMessages';
import type { RfbConnection } from '../rfb/connection';

/** How long a program may take to ask for what it is told to paste, milliseconds. */
const PASTE_MS = 1_000;
/** The guest's own clipboard is saved if its owner hands it out this fast. */
const SAVE_MS = 300;

/**
 * The hub's hold on the machine's selections, taken only while text is pasted that no key can type. Text is announced,
 * and sent when a program asks for it: the question is the proof that the paste was taken. Afterwards the guest's own
 * text is back on the clipboard, or nothing is.
 */
export class Clipboard {
  private supported = false;
  /** A program in the machine holds the clipboard. */
  private guestHas = false;
  private offered: string | null = null;
  private onRequest: (() => void) | null = null;
  private onProvide: ((text: string) => void) | null = null;

  constructor(
    private readonly connection: Pick<RfbConnection, 'write' | 'roundTrip'>,
    private readonly clock: Clock,
  ) {}

  get usable(): boolean {
    return this.supported;
  }

  /** A message of the server. */
  push(message: Buffer): void {
    const event = readClipboard(message);
    switch (event.kind) {
      case 'caps':
        this.supported = true;
        this.connection.write(clipboardMessage.caps());
        return;
      case 'notify':
        this.guestHas = event.text;
        if (event.text) this.offered = null;
        return;
      case 'request':
        if (this.offered === null) return;
        this.connection.write(clipboardMessage.provide(this.offered));
        this.onRequest?.();
        return;
      case 'provide':
        this.onProvide?.(event.text);
        return;
      default:
    }
  }

  /** What is on the clipboard now, to be put back later; null when nothing is, or it can't be had. */
  async save(): Promise<string | null> {
    if (this.offered !== null) return this.offered;
    if (!this.guestHas) return null;
    return this.wait<string>(SAVE_MS, (resolve) => {
      this.onProvide = resolve;
      this.connection.write(clipboardMessage.request());
    }).finally(() => {
      this.onProvide = null;
    });
  }

  /** Offers `text`, has `press` tell the program to paste, and says whether a program asked for it in time. */
  async paste(text: string, press: () => void): Promise<boolean> {
    const asked = this.wait<true>(PASTE_MS, (resolve) => {
      this.onRequest = () => resolve(true);
    }).finally(() => {
      this.onRequest = null;
    });
    this.offer(text);
    press();
    if ((await asked) === null) {
      this.offer(null);
      await this.connection.roundTrip();
      return false;
    }
    // The answer to the program stands before any later key in its queue once the server has passed it on.
    await this.connection.roundTrip();
    return true;
  }

  /** Puts back what `save` found. */
  restore(saved: string | null): void {
    this.offer(saved);
  }

  private offer(text: string | null): void {
    this.offered = text;
    this.guestHas = false;
    this.connection.write(clipboardMessage.notify(text !== null));
  }

  private wait<T>(ms: number, start: (resolve: (value: T) => void) => void): Promise<T | null> {
    return new Promise((resolve) => {
      const stop = this.clock.after(ms, () => resolve(null));
      start((value) => {
        stop();
        resolve(value);
      });
    });
  }
}
