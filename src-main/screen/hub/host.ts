import type { Clock } from '../../base/clock';
import { assertNever, WheelhouseError } from '../../base/errors';
import type { OpenRfb } from '../../guest/types';
import type { LinkTarget } from '../../sandbox/backend';
import { EncoderSlots } from './encoderSlots';
import { glance, type Glance } from './glance';
import { layoutOf } from './layout';
import { plainError, type FromHost, type Port, type SessionCall, type ToHost } from './protocol';
import { ScreenSession } from './session';

/** Serves the sessions of one port: the shell around it is a worker, or the main thread itself in tests. */
export class HubHost {
  private readonly sessions = new Map<string, ScreenSession>();
  private readonly slots = new EncoderSlots();
  private readonly opening = new Map<number, AbortController>();

  constructor(
    private readonly port: Port<FromHost>,
    private readonly openRfb: OpenRfb,
    private readonly clock: Clock,
  ) {}

  receive(message: ToHost): void {
    switch (message.kind) {
      case 'open':
        return this.answer(
          message.id,
          undefined,
          this.open(message.id, message.session, message.target, message.epoch),
        );
      case 'probe':
        return this.answer(message.id, undefined, this.probe(message.id, message.target, message.timeoutMs));
      case 'abort':
        return this.opening.get(message.id)?.abort(new WheelhouseError('timeout', 'Opening the screen was given up.'));
      case 'close':
        this.sessions.get(message.session)?.close('The hub was closed.');
        return;
      case 'call':
        return this.answer(message.id, message.session, this.call(message.session, message));
      default:
        assertNever(message);
    }
  }

  closeAll(): void {
    for (const controller of this.opening.values()) controller.abort();
    for (const session of this.sessions.values()) session.close('The hub was closed.');
  }

  private answer(id: number, session: string | undefined, work: Promise<unknown>): void {
    work.then(
      (value) => {
        const state = session === undefined ? undefined : this.sessions.get(session)?.state;
        this.port.postMessage({ kind: 'answer', id, value, state });
      },
      (error: unknown) => this.port.postMessage({ kind: 'failure', id, error: plainError(error) }),
    );
  }

  private async open(id: number, name: string, target: LinkTarget, epoch: number): Promise<unknown> {
    const session = await this.connect(id, target, epoch, {
      onChange: () => this.port.postMessage({ kind: 'changed', session: name, state: session.state }),
      onLost: (reason) => {
        if (this.sessions.get(name) === session) this.sessions.delete(name);
        this.port.postMessage({ kind: 'lost', session: name, reason });
      },
    });
    this.sessions.get(name)?.close('The hub was opened anew.');
    this.sessions.set(name, session);
    return session.state;
  }

  private async probe(id: number, target: LinkTarget, timeoutMs: number): Promise<unknown> {
    const timer = setTimeout(() => {
      this.opening.get(id)?.abort(new WheelhouseError('timeout', `No picture came within ${timeoutMs} ms.`));
    }, timeoutMs);
    try {
      // A screen that QEMU draws itself is opened as it is for use: it sleeps while nobody looks.
      if (layoutOf(target) === null) return await this.glance(id, target);
      const session = await this.connect(id, target, 0, { onChange() {}, onLost() {} });
      const { width, height } = session.state;
      const blank = session.blank;
      session.close('Probed.');
      return { width, height, blank };
    } finally {
      clearTimeout(timer);
    }
  }

  private async glance(id: number, target: LinkTarget): Promise<Glance> {
    const controller = new AbortController();
    this.opening.set(id, controller);
    try {
      return await glance(await this.openRfb(target, controller.signal), controller.signal);
    } finally {
      this.opening.delete(id);
    }
  }

  private async connect(
    id: number,
    target: LinkTarget,
    epoch: number,
    hooks: { onChange(): void; onLost(reason: string): void },
  ): Promise<ScreenSession> {
    const controller = new AbortController();
    this.opening.set(id, controller);
    try {
      const layout = layoutOf(target);
      const stream = await this.openRfb(target, controller.signal);
      return await ScreenSession.open(stream, epoch, this.clock, { ...hooks, layout }, this.slots, controller.signal);
    } finally {
      this.opening.delete(id);
    }
  }

  private call(name: string, call: SessionCall): Promise<unknown> {
    const session = this.sessions.get(name);
    if (!session) return Promise.reject(new WheelhouseError('guest_failed', "The machine's screen is gone."));
    try {
      return this.dispatch(name, session, call);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  private async dispatch(name: string, session: ScreenSession, call: SessionCall): Promise<unknown> {
    switch (call.method) {
      case 'frame':
        return this.frame(name, session, call.args.frame);
      case 'screenshot':
        return session.screenshot(call.args);
      case 'thumbnail':
        return session.thumbnail(call.args);
      case 'move':
        return session.move(call.args);
      case 'click':
        return session.click(call.args);
      case 'drag':
        return session.drag(call.args);
      case 'scroll':
        return session.scroll(call.args);
      case 'pressKeys':
        return session.pressKeys(call.args);
      case 'typeText':
        return session.typeText(call.args);
      case 'settle':
        return session.settle(call.args);
      case 'setEpoch':
        return session.setEpoch(call.args);
      case 'demand':
        return session.demand(call.args);
      case 'setFrozen':
        return session.setFrozen(call.args);
      default:
        return assertNever(call);
    }
  }

  private async frame(name: string, session: ScreenSession, frame: number): Promise<number> {
    const noted = await session.frame();
    noted.png.then(
      (png) => this.port.postMessage({ kind: 'encoded', session: name, frame, png }),
      (error: unknown) => this.port.postMessage({ kind: 'notEncoded', session: name, frame, error: plainError(error) }),
    );
    return noted.version;
  }
}
