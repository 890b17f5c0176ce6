import { Emitter } from '../../base/emitter';
import type { MouseButton, Rect, ScreenHub } from '../types';
import type { ScreenState } from './protocol';
import { asBuffer, type Remote } from './remote';

/** A session's hub as the rest of the program sees it: what it knows is what the worker last told. */
export class HubProxy implements ScreenHub {
  private readonly changes = new Emitter<number>();
  private readonly losses = new Emitter<string>();
  /** Where the pointer was left last, by this hub or, through the relay, by a person. */
  private pointer: { x: number; y: number };
  private demands = 0;
  private over: string | null = null;

  constructor(
    private readonly session: string,
    private readonly remote: Remote,
    private state: ScreenState,
    private readonly onClose: () => void,
  ) {
    this.pointer = state.cursor;
  }

  get size(): { width: number; height: number } {
    return { width: this.state.width, height: this.state.height };
  }
  get version(): number {
    return this.state.version;
  }
  cursor(): { x: number; y: number } {
    return { ...this.pointer };
  }
  pointerMoved(x: number, y: number): void {
    this.pointer = { x: Math.min(x, this.size.width - 1), y: Math.min(y, this.size.height - 1) };
  }

  async screenshot(region?: Rect): Promise<Buffer> {
    return asBuffer(await this.remote.call(this.session, 'screenshot', { region }));
  }
  frame(): Promise<{ version: number; png: Promise<Buffer> }> {
    return this.remote.frame(this.session);
  }
  async thumbnail(width: number, sinceVersion?: number): Promise<{ version: number; jpeg: Buffer } | null> {
    const made = await this.remote.call(this.session, 'thumbnail', { width, since: sinceVersion });
    return made && { version: made.version, jpeg: asBuffer(made.jpeg) };
  }
  move(epoch: number, x: number, y: number): Promise<void> {
    return this.remote.call(this.session, 'move', { epoch, x, y });
  }
  click(epoch: number, at: { x: number; y: number } | null, button: MouseButton, count: number): Promise<void> {
    return this.remote.call(this.session, 'click', { epoch, at: at ?? this.pointer, button, count });
  }
  drag(
    epoch: number,
    from: { x: number; y: number },
    to: { x: number; y: number },
    button: MouseButton,
  ): Promise<void> {
    return this.remote.call(this.session, 'drag', { epoch, from, to, button });
  }
  scroll(epoch: number, at: { x: number; y: number }, deltaX: number, deltaY: number): Promise<void> {
    return this.remote.call(this.session, 'scroll', { epoch, at, deltaX, deltaY });
  }
  pressKeys(epoch: number, keys: string[]): Promise<void> {
    return this.remote.call(this.session, 'pressKeys', { epoch, keys });
  }
  typeText(epoch: number, text: string): Promise<void> {
    return this.remote.call(this.session, 'typeText', { epoch, text });
  }
  settle(quietMs: number, maxMs: number): Promise<void> {
    return this.remote.call(this.session, 'settle', { quietMs, maxMs });
  }
  setEpoch(epoch: number): Promise<void> {
    return this.remote.call(this.session, 'setEpoch', { epoch });
  }

  setFrozen(frozen: boolean): Promise<void> {
    return this.remote.call(this.session, 'setFrozen', { frozen });
  }

  demand(): () => void {
    let held = true;
    this.wanted(1);
    return () => {
      if (held) this.wanted(-1);
      held = false;
    };
  }
  onChange(listener: (version: number) => void): () => void {
    return this.changes.on(listener);
  }
  /** A hub already lost tells a new listener too, in a task of its own. */
  onLost(listener: (reason: string) => void): () => void {
    const reason = this.over;
    if (reason !== null) queueMicrotask(() => listener(reason));
    return this.losses.on(listener);
  }
  close(): void {
    this.onClose();
  }

  update(state: ScreenState): void {
    if (state.version < this.state.version) return;
    const changed = state.version !== this.state.version;
    const { x, y } = this.state.cursor;
    if (x !== state.cursor.x || y !== state.cursor.y) this.pointer = state.cursor;
    this.state = state;
    if (changed) this.changes.emit(state.version);
  }
  /** Closed on purpose: nobody is told of a loss. */
  closed(): void {
    this.over ??= 'The hub was closed.';
  }
  lost(reason: string): void {
    if (this.over !== null) return;
    this.over = reason;
    this.losses.emit(reason);
  }

  private wanted(by: 1 | -1): void {
    const before = this.demands > 0;
    this.demands += by;
    const after = this.demands > 0;
    // Another hub may have this one's name by now.
    if (this.over !== null) return;
    // A hub that is gone needs no rate; its loss is told by onLost.
    if (before !== after) this.remote.call(this.session, 'demand', { wanted: after }).catch(() => {});
  }
}
