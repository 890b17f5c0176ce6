import type { LinkTarget } from '../sandbox/backend';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export type MouseButton = 'Left' | 'Right' | 'Middle' | 'Forward' | 'Backward';

/**
 * A session's one RFB connection and its current picture, decoded in a worker. `version` rises when pixels change.
 * Input carries the epoch under which it was admitted: the worker, which owns the socket, drops older input and the
 * call fails with stale_epoch. Positions are pixels; outside the screen is bad_request.
 */
export interface ScreenHub {
  readonly size: { width: number; height: number };
  readonly version: number;
  /** PNG of the picture as the server has it now (outstanding updates are fetched first). */
  screenshot(region?: Rect): Promise<Buffer>;
  /**
   * Notes the picture of this instant for the record and encodes it later: `version` tells equal pictures apart,
   * `png` resolves once encoded (or rejects if the hub closes). Ordered with input: a frame asked for before a click shows the time before it.
   */
  frame(): Promise<{ version: number; png: Promise<Buffer> }>;
  /** JPEG of the given width, box-filtered; null when nothing changed since `sinceVersion`. */
  thumbnail(width: number, sinceVersion?: number): Promise<{ version: number; jpeg: Buffer } | null>;
  move(epoch: number, x: number, y: number): Promise<void>;
  click(epoch: number, at: { x: number; y: number } | null, button: MouseButton, count: number): Promise<void>;
  drag(epoch: number, from: { x: number; y: number }, to: { x: number; y: number }, button: MouseButton): Promise<void>;
  /** Notches within ±20; positive is down and right. */
  scroll(epoch: number, at: { x: number; y: number }, deltaX: number, deltaY: number): Promise<void>;
  /** Pressed in order, released in reverse. Names as in Windows 365's press_keys; bad_request names the unknown one. */
  pressKeys(epoch: number, keys: string[]): Promise<void>;
  /** Resolves when the server has taken every key. Loses no character of any script. */
  typeText(epoch: number, text: string): Promise<void>;
  cursor(): { x: number; y: number };
  /** Somebody else moved the pointer, through the relay: servers tell no client of another's moves. */
  pointerMoved?(x: number, y: number): void;
  /** Resolves when the picture has been still for quietMs, or after maxMs. */
  settle(quietMs: number, maxMs: number): Promise<void>;
  /** The fence of a change of hands: older input is dropped from here on, held keys and buttons are released first. */
  setEpoch(epoch: number): Promise<void>;
  /**
   * The machine's processors stop, or go on. While they are stopped nothing waits for the server: pictures are the last
   * one, and input is refused with control_paused.
   */
  setFrozen?(frozen: boolean): Promise<void>;
  /** Full rate while somebody watches or acts; about one picture a second otherwise. Returns its disposer. */
  demand(): () => void;
  onChange(listener: (version: number) => void): () => void;
  onLost(listener: (reason: string) => void): () => void;
  close(): void;
}

export interface ScreenHubs {
  /** Opens, or returns, the session's hub. */
  open(sessionId: string, target: LinkTarget, epoch: number): Promise<ScreenHub>;
  get(sessionId: string): ScreenHub | undefined;
  close(sessionId: string): void;
  /** One picture, no hub: readiness wants to see that the server answers and draws. Rejects with guest_failed or timeout. */
  probe(target: LinkTarget, signal: AbortSignal): Promise<{ width: number; height: number; blank: boolean }>;
  closeAll(): Promise<void>;
}

/** What a person did through a viewer, for the record: no text, only counts. */
export type HumanInput =
  | { kind: 'click'; x: number; y: number; button: MouseButton }
  | { kind: 'drag'; x: number; y: number; toX: number; toY: number }
  | { kind: 'scroll'; x: number; y: number; notches: number }
  | { kind: 'keys'; count: number };

export interface Viewer {
  readonly viewerId: string;
  readonly sessionId: string;
  readonly operator: string;
}

/** What the relay asks of the rest; all synchronous, because the gate stands before every message. */
export interface RelayPolicy {
  /** May this viewer's input reach the machine now? Asked for every input message; the relay cannot be told otherwise by a client. */
  mayInput(viewer: Viewer): boolean;
  onInput(viewer: Viewer, input: HumanInput): void;
  onOpened(viewer: Viewer): void;
  /** `clean`: the viewer closed it; otherwise the connection was lost. */
  onClosed(viewer: Viewer, clean: boolean): void;
}
