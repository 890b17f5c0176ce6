import { systemClock, type Clock } from '../../base/clock';
import { WheelhouseError } from '../../base/errors';
import { revive, type FromHost, type Port, type ScreenState, type SessionCalls, type ToHost } from './protocol';

const STUCK_MS = 120_000;

export interface RemoteHooks {
  onChanged(session: string, state: ScreenState): void;
  onLost(session: string, reason: string): void;
}

interface Waiter {
  session?: string;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

type Message = ToHost extends infer M ? (M extends { id: number } ? Omit<M, 'id'> : never) : never;

/** The main thread's end of a port to a HubHost: turns calls into messages and answers into promises. */
export class Remote {
  private readonly waiting = new Map<number, Waiter>();
  private readonly frames = new Map<number, Waiter>();
  private nextId = 1;
  private dead: string | null = null;

  constructor(
    private readonly port: Port<ToHost>,
    private readonly hooks: RemoteHooks,
    private readonly clock: Clock = systemClock,
  ) {}

  /** A message that has an answer. The signal, where given, gives up an opening. */
  ask<T>(message: Message, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.dead !== null) return reject(gone(this.dead));
      const id = this.nextId++;
      const session = 'session' in message ? message.session : undefined;
      const abort = () => this.port.postMessage({ kind: 'abort', id });
      // Calls have their own, shorter limits on the other side; this one is for a thread that has stopped turning.
      const stop = this.clock.after(STUCK_MS, () => {
        this.take(this.waiting, id)?.reject(new WheelhouseError('guest_timeout', 'The screen worker does not answer.'));
      });
      const settled = () => {
        stop();
        signal?.removeEventListener('abort', abort);
      };
      this.waiting.set(id, {
        session,
        resolve(value) {
          settled();
          resolve(value as T);
        },
        reject(error) {
          settled();
          reject(error);
        },
      });
      signal?.addEventListener('abort', abort, { once: true });
      this.port.postMessage({ ...message, id } as ToHost);
    });
  }

  call<M extends keyof SessionCalls>(
    session: string,
    method: M,
    args: Parameters<SessionCalls[M]>[0],
  ): ReturnType<SessionCalls[M]> {
    return this.ask({ kind: 'call', session, method, args } as Message) as ReturnType<SessionCalls[M]>;
  }

  async frame(session: string): Promise<{ version: number; png: Promise<Buffer> }> {
    const frame = this.nextId++;
    const png = new Promise<Buffer>((resolve, reject) => {
      this.frames.set(frame, { session, resolve: (value) => resolve(asBuffer(value as Uint8Array)), reject });
    });
    png.catch(() => {});
    try {
      const version = (await this.call(session, 'frame', { frame })) as unknown as number;
      return { version, png };
    } catch (error) {
      this.frames.delete(frame);
      throw error;
    }
  }

  closeSession(session: string): void {
    if (this.dead === null) this.port.postMessage({ kind: 'close', session });
  }

  receive(message: FromHost): void {
    switch (message.kind) {
      case 'answer': {
        const waiter = this.take(this.waiting, message.id);
        if (waiter?.session !== undefined && message.state) this.hooks.onChanged(waiter.session, message.state);
        return waiter?.resolve(message.value);
      }
      case 'failure':
        return this.take(this.waiting, message.id)?.reject(revive(message.error));
      case 'encoded':
        return this.take(this.frames, message.frame)?.resolve(message.png);
      case 'notEncoded':
        return this.take(this.frames, message.frame)?.reject(revive(message.error));
      case 'changed':
        return this.hooks.onChanged(message.session, message.state);
      case 'lost':
        for (const [id, waiter] of this.frames) {
          if (waiter.session === message.session) this.take(this.frames, id)?.reject(gone(message.reason));
        }
        return this.hooks.onLost(message.session, message.reason);
    }
  }

  /** The other side is gone: everything that waits fails with the reason. */
  die(reason: string): void {
    if (this.dead !== null) return;
    this.dead = reason;
    for (const map of [this.waiting, this.frames]) {
      for (const waiter of map.values()) waiter.reject(gone(reason));
      map.clear();
    }
  }

  private take(map: Map<number, Waiter>, id: number): Waiter | undefined {
    const waiter = map.get(id);
    map.delete(id);
    return waiter;
  }
}

/** Bytes that crossed a thread, as a Buffer over the same memory. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const gone = (reason: string) => new WheelhouseError('guest_failed', reason);
