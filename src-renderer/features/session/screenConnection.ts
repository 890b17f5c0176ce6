import RFB from '@novnc/novnc';
import { call, messageOf } from '../../lib/api';
import { screenChannel } from '../../lib/screenChannel';

export type ScreenState =
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** `since`: when the picture stopped being live. */
  | { kind: 'lost'; retryAt: number; since: number; reason: string };

const backoffMs = [500, 1000, 2000, 4000, 8000, 15_000];
/** A socket that opens without a desktop behind it would otherwise be waited for without end. */
const handshakeMs = 10_000;

/**
 * One session's live screen in one element: a fresh ticket and a fresh RFB object for every connection (a disconnected
 * one is dead), with backoff between them. What the guest says about itself (its name, its clipboard) is never used.
 */
export class ScreenConnection {
  private rfb: RFB | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private attempt = 0;
  private since = Date.now();
  private closed = false;
  /** A ticket is asked for: a second connection beside it would never be closed. */
  private asking = false;
  private mayType = false;

  constructor(
    private readonly sessionId: string,
    private readonly target: HTMLElement,
    private readonly onState: (state: ScreenState) => void,
    /** Gets the last picture when a connection ends, so that the old one stays while the next is made. */
    private readonly onLastPicture: (canvas: HTMLCanvasElement) => void,
  ) {
    void this.connect();
  }

  /** Without leave every held key and button is let go first; noVNC drops the releases once it is view-only. */
  setMayType(mayType: boolean): void {
    if (mayType === this.mayType) return;
    if (!mayType) this.releaseHeld();
    this.mayType = mayType;
    if (this.rfb) this.rfb.viewOnly = !mayType;
    this.reachable();
    if (mayType) this.focus();
    else this.rfb?.blur();
  }

  focus(): void {
    this.rfb?.focus({ preventScroll: true });
  }

  /** Gives the keyboard back to this window; nothing stays pressed in the guest. */
  blur(): void {
    this.releaseHeld();
    this.rfb?.blur();
  }

  /** Keysyms pressed in order and let go in reverse. */
  chord(keysyms: readonly number[]): void {
    for (const key of keysyms) this.rfb?.sendKey(key, null, true);
    for (const key of keysyms.toReversed()) this.rfb?.sendKey(key, null, false);
    this.focus();
  }

  retryNow(): void {
    clearTimeout(this.timer);
    this.attempt = 0;
    if (!this.rfb) void this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    const rfb = this.rfb;
    this.rfb = null;
    rfb?.disconnect();
  }

  private async connect(): Promise<void> {
    if (this.asking) return;
    this.asking = true;
    this.onState({ kind: 'connecting' });
    try {
      const { url } = await call('screen.ticket', { sessionId: this.sessionId, mode: 'interactive' });
      if (!this.closed) this.open(url);
    } catch (error) {
      this.again(messageOf(error));
    } finally {
      this.asking = false;
    }
  }

  private open(url: string): void {
    const rfb = new RFB(this.target, screenChannel(url) as string, { shared: true, wsProtocols: ['binary'] });
    this.rfb = rfb;
    rfb.scaleViewport = true;
    rfb.resizeSession = false;
    rfb.showDotCursor = true;
    rfb.background = 'transparent';
    // Loopback has bandwidth to spare: little compression and sharp text cost the guest less time per change.
    rfb.qualityLevel = 8;
    rfb.compressionLevel = 1;
    rfb.viewOnly = !this.mayType;
    let canvas: HTMLCanvasElement | null = null;
    const deadline = setTimeout(() => this.rfb === rfb && rfb.disconnect(), handshakeMs);
    rfb.addEventListener('connect', () => {
      clearTimeout(deadline);
      canvas = this.target.querySelector('canvas');
      this.attempt = 0;
      this.onState({ kind: 'live' });
      this.reachable();
      // Not out of a dialog or a field that somebody is in.
      if (this.mayType && document.activeElement === document.body) this.focus();
    });
    rfb.addEventListener('disconnect', () => {
      clearTimeout(deadline);
      if (this.rfb !== rfb) return;
      this.rfb = null;
      if (canvas && canvas.width > 0) this.onLastPicture(canvas);
      this.again(canvas ? 'The connection to the desktop ended' : 'The desktop did not answer');
    });
  }

  /** Who may type on it gets to it by Tab as well; noVNC leaves its canvas to the pointer. */
  private reachable(): void {
    const canvas = this.target.querySelector('canvas');
    if (canvas) canvas.tabIndex = this.mayType ? 0 : -1;
  }

  private again(reason: string): void {
    if (this.closed) return;
    if (this.attempt === 0) this.since = Date.now();
    const wait = backoffMs[Math.min(this.attempt, backoffMs.length - 1)] ?? 15_000;
    this.attempt += 1;
    this.onState({ kind: 'lost', retryAt: Date.now() + wait, since: this.since, reason });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), wait);
  }

  /**
   * noVNC lets all keys go when the window loses focus and has no public call for it, so it is told so. Buttons go by a
   * button-less mouseup where the pointer is.
   */
  private releaseHeld(): void {
    if (!this.rfb || this.rfb.viewOnly) return;
    window.dispatchEvent(new Event('blur'));
    const canvas = this.target.querySelector('canvas');
    const box = canvas?.getBoundingClientRect();
    if (canvas && box && this.lastPointer?.buttons) {
      canvas.dispatchEvent(
        new MouseEvent('mouseup', { clientX: this.lastPointer.x, clientY: this.lastPointer.y, buttons: 0 }),
      );
    }
  }

  private lastPointer: { x: number; y: number; buttons: number } | null = null;

  /** The view reports the pointer, so that a held button can be let go where it is. */
  pointerAt(x: number, y: number, buttons: number): void {
    this.lastPointer = { x, y, buttons };
  }
}
