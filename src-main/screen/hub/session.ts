import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock';
import { within } from '../../base/deadline';
import { WheelhouseError } from '../../base/errors';
import { encodeJpeg, encodePng, shrink } from '../picture/encode';
import { RfbConnection } from '../rfb/connection';
import type { Rect } from '../types';
import { Clipboard } from './clipboard';
import type { EncoderSlots } from './encoderSlots';
import { Frames } from './frames';
import * as gestures from './gestures';
import { Hands } from './hands';
import { Ice } from './ice';
import type { Layout } from './layout';
import { typeOnKeyboard } from './layoutTyping';
import { Pace } from './pace';
import type { ScreenState, SessionCalls } from './protocol';
import { settle, shown } from './settle';
import { PASTE_QUIET_MS, PASTE_SHOWN_MS, typeText, type Typist } from './typing';

/** How long a server may take to answer a round trip or to send its first picture, milliseconds. */
const ANSWER_MS = 5_000;
/** Announced changes of the picture are this far apart at least, milliseconds. */
const ANNOUNCE_MS = 30;

export interface SessionHooks {
  /** Of an emulated keyboard; null: the server makes every keysym. */
  layout?: Layout | null;
  onChange(): void;
  onLost(reason: string): void;
}

/**
 * One session's screen, in the thread that owns its socket. Input runs in the order it came, one gesture at a time;
 * pictures for the record keep their place in that order. A change of epoch does not wait in line: it cuts what runs.
 */
export class ScreenSession implements Omit<SessionCalls, 'frame'> {
  private readonly hands: Hands;
  private readonly pace: Pace;
  private readonly frames: Frames;
  private readonly clipboard: Clipboard;
  private readonly typist: Typist;
  private readonly ice = new Ice();
  private readonly listeners = new Set<() => void>();
  private tail: Promise<unknown> = Promise.resolve();
  private announced = 0;
  private pointerMoved = false;
  private stopAnnouncing: (() => void) | null = null;

  /** Opens RFB on the stream and waits for the first whole picture. Rejects with guest_failed or timeout, or as aborted. */
  static async open(
    stream: Duplex,
    epoch: number,
    clock: Clock,
    hooks: SessionHooks,
    slots: EncoderSlots,
    signal: AbortSignal,
  ): Promise<ScreenSession> {
    let session: ScreenSession | null = null;
    let first: () => void = () => {};
    let failed: (error: Error) => void = () => {};
    const early: Buffer[] = [];
    const picture = new Promise<void>((resolve, reject) => {
      first = resolve;
      failed = reject;
    });
    const opening = RfbConnection.open(
      stream,
      {
        onUpdate: () => (session ? session.updated() : first()),
        onPointer: (x, y) => session?.pointerSeen(x, y),
        onResize: () => session?.resized(),
        onClipboard: (message) => (session?.clipboard ?? early).push(message),
        onClosed(reason) {
          failed(new WheelhouseError('guest_failed', reason));
          session?.ended(reason);
        },
      },
      signal,
      { drowsy: hooks.layout != null },
    );
    picture.catch(() => {});
    const aborted = () => stream.destroy();
    signal.addEventListener('abort', aborted, { once: true });
    try {
      const connection = await within(opening, ANSWER_MS, "Opening the machine's screen");
      await within(picture, ANSWER_MS, 'The first picture');
      session = new ScreenSession(connection, epoch, clock, hooks, slots);
      for (const message of early) session.clipboard.push(message);
      return session;
    } catch (error) {
      stream.destroy();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  private constructor(
    private readonly connection: RfbConnection,
    epoch: number,
    private readonly clock: Clock,
    private readonly hooks: SessionHooks,
    private readonly slots: EncoderSlots,
  ) {
    this.hands = new Hands(connection, epoch);
    this.pace = new Pace(connection, clock);
    this.frames = new Frames(connection.screen, slots, clock);
    const patient = { write: (bytes: Buffer) => connection.write(bytes), roundTrip: () => this.answer() };
    this.clipboard = new Clipboard(patient, clock);
    this.typist = {
      connection: patient,
      hands: this.hands,
      clipboard: this.clipboard,
      shown: () => {
        this.pace.touch();
        return shown(clock, (listener) => this.listen(listener), PASTE_QUIET_MS, PASTE_SHOWN_MS);
      },
    };
    this.pace.updated();
  }

  get state(): ScreenState {
    const { version, width, height } = this.connection.screen;
    return { version, width, height, cursor: { x: this.hands.x, y: this.hands.y } };
  }

  get blank(): boolean {
    return this.connection.screen.blank();
  }

  async screenshot({ region }: { region?: Rect }): Promise<Uint8Array> {
    await this.refreshOrLast();
    const screen = this.connection.screen;
    if (!region) return (await this.frames.note({ now: true })).png;
    const { x, y, width, height } = region;
    const whole = [x, y, width, height].every(Number.isInteger);
    if (!whole || x < 0 || y < 0 || width < 1 || height < 1 || x + width > screen.width || y + height > screen.height) {
      throw new WheelhouseError('bad_request', `The region is outside the screen of ${screen.width}x${screen.height}.`);
    }
    return this.encode(region);
  }

  private encode(region: Rect): Promise<Buffer> {
    return this.slots.run(() => encodePng(this.connection.screen.snapshot(region)));
  }

  /** In order with input: what was asked before is done, what is asked after waits until the picture is noted. */
  frame(): Promise<{ version: number; png: Promise<Buffer> }> {
    return this.inOrder(async () => {
      if (!this.pace.pushed || this.ice.frozen) await this.refreshOrLast();
      this.pace.touch();
      return this.frames.note({ now: false });
    });
  }

  async thumbnail({ width, since }: { width: number; since?: number }) {
    if (!Number.isInteger(width) || width < 16 || width > 1920) {
      throw new WheelhouseError('bad_request', 'A thumbnail is 16 to 1920 pixels wide.');
    }
    const version = this.connection.screen.version;
    if (version === since) return null;
    return { version, jpeg: await encodeJpeg(shrink(this.connection.screen, width)) };
  }

  move = ({ epoch, x, y }: { epoch: number; x: number; y: number }) =>
    this.input(epoch, async () => this.hands.move(epoch, x, y));

  click: SessionCalls['click'] = ({ epoch, at, button, count }) =>
    this.input(epoch, () => {
      if (this.layout && (button === 'Backward' || button === 'Forward')) throw noSuchButton(button);
      return gestures.click(this.hands, epoch, at, button, count);
    });

  drag: SessionCalls['drag'] = ({ epoch, from, to, button }) =>
    this.input(epoch, () => gestures.drag(this.hands, epoch, from, to, button));

  scroll: SessionCalls['scroll'] = ({ epoch, at, deltaX, deltaY }) =>
    this.input(epoch, async () => gestures.scroll(this.hands, epoch, at, deltaX, deltaY));

  pressKeys: SessionCalls['pressKeys'] = ({ epoch, keys }) =>
    this.input(epoch, async () => gestures.pressKeys(this.hands, epoch, keys, this.layout));

  typeText: SessionCalls['typeText'] = ({ epoch, text }) =>
    this.input(epoch, () =>
      this.layout ? typeOnKeyboard(this.typist, this.layout, epoch, text) : typeText(this.typist, epoch, text),
    );

  async settle({ quietMs, maxMs }: { quietMs: number; maxMs: number }): Promise<void> {
    this.pace.touch();
    await this.refreshOrLast();
    if (this.ice.frozen) return;
    await settle(this.clock, (listener) => this.listen(listener), quietMs, maxMs);
  }

  /**
   * The fence of a change of hands. Older input is refused from the first line on; what is held goes up; then a round
   * trip through the server, because a flushed write only says that the kernel has the bytes, not that X acted on them.
   */
  async setEpoch({ epoch }: { epoch: number }): Promise<void> {
    this.hands.advance(epoch);
    await this.answer();
    // Without fences the first answer may have been on its way before; the second was asked for after it.
    if (!this.connection.fences) await this.answer();
  }

  /** What waits for the server's answer stops waiting. */
  async setFrozen({ frozen }: { frozen: boolean }): Promise<void> {
    this.ice.set(frozen);
  }

  async demand({ wanted }: { wanted: boolean }): Promise<void> {
    this.pace.demand(wanted);
  }

  close(reason: string): void {
    this.connection.close(reason);
  }

  /**
   * Makes the picture current: after this, all that the server had published when asked has arrived. A server answers
   * fences while it reads and sends updates after that, so the second answer is behind the update that the first asked for.
   */
  private async refresh(): Promise<void> {
    this.pace.touch();
    this.connection.request(true);
    await this.answer();
    await this.answer();
  }

  /** A machine that is stopped has nothing newer. */
  private async refreshOrLast(): Promise<void> {
    await this.refresh().catch((error: unknown) => {
      if (!this.ice.frozen) throw error;
    });
  }

  private answer(): Promise<void> {
    const answered = within(this.connection.roundTrip(), ANSWER_MS, "The machine's screen", 'guest_timeout');
    return this.ice.orFrozen(answered);
  }

  private input(epoch: number, act: () => Promise<void>): Promise<void> {
    this.hands.check(epoch);
    return this.inOrder(async () => {
      this.ice.check();
      this.hands.check(epoch);
      this.pace.touch();
      await act();
      await this.answer();
    });
  }

  private inOrder<T>(run: () => Promise<T>): Promise<T> {
    const result = this.tail.then(run);
    this.tail = result.catch(() => {});
    return result;
  }

  private get layout(): Layout | null {
    return this.hooks.layout ?? null;
  }

  /** The guest chose another mode: the pointer stays on the screen. */
  private resized(): void {
    this.hands.pointerSeen(this.hands.x, this.hands.y);
    this.pace.resized();
  }

  private pointerSeen(x: number, y: number): void {
    this.hands.pointerSeen(x, y);
    this.pointerMoved = true;
    this.announceSoon();
  }

  private listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private updated(): void {
    this.pace.updated();
    if (this.connection.screen.version === this.announced) return;
    for (const listener of this.listeners) listener();
    this.announceSoon();
  }

  /** At once, then no more often than every ANNOUNCE_MS. */
  private announceSoon(): void {
    if (this.stopAnnouncing) return;
    this.announced = this.connection.screen.version;
    this.pointerMoved = false;
    this.hooks.onChange();
    this.stopAnnouncing = this.clock.after(ANNOUNCE_MS, () => {
      this.stopAnnouncing = null;
      if (this.connection.screen.version !== this.announced || this.pointerMoved) this.announceSoon();
    });
  }

  private ended(reason: string): void {
    this.pace.close();
    this.stopAnnouncing?.();
    this.hooks.onLost(reason);
  }
}

const noSuchButton = (button: string): WheelhouseError =>
  new WheelhouseError(
    'not_supported',
    `This computer's mouse has no ${button} button. Most programs go back by the keys alt and left, forward by alt and right.`,
  );
