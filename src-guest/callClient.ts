import {
  linkCalls,
  linkLimits,
  noteSchema,
  responseSchema,
  type LinkArgs,
  type LinkCallName,
  type LinkErrorCode,
  type LinkResult,
} from '@shared/link';
import type { FramedSocket } from './framedSocket';

export interface CallOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

interface Pending {
  settle(outcome: { result: unknown } | { error: unknown }): void;
}

/**
 * The asking end of a connection for calls: requests out, answers back by id, each with its own deadline. An answer of
 * the wrong shape ends the connection: a peer that talks rubbish once is not believed again. Errors are made by `fail`,
 * in the words of the side it runs on.
 */
export class CallClient {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private closed: string | null = null;

  constructor(
    private readonly framed: FramedSocket,
    private readonly fail: (code: LinkErrorCode, message: string) => Error,
    /** Takes the peer's notes, where it may send any; without it a note is rubbish like any other. */
    private readonly onNote?: (note: string) => void,
  ) {
    framed.handle(this.onFrame, linkLimits.frameBytes);
  }

  /** The connection has ended: every call in flight fails, and every later one. */
  end(reason: string): void {
    this.closed = reason;
    for (const pending of [...this.pending.values()]) pending.settle({ error: this.lost() });
  }

  /** Rejects with the peer's code, guest_failed, guest_timeout, too_many, too_large, or the signal's reason. */
  async call<N extends LinkCallName>(name: N, args: LinkArgs<N>, options: CallOptions): Promise<LinkResult<N>> {
    options.signal?.throwIfAborted();
    if (this.closed !== null) throw this.lost();
    if (this.pending.size >= linkLimits.inFlight) throw this.fail('too_many', 'Too many calls are in flight.');
    const result = await this.ask(name, args, options);
    const parsed = linkCalls[name].result.safeParse(result);
    if (parsed.success) return parsed.data as LinkResult<N>;
    const issue = `the answer to ${name} has the wrong shape`;
    this.framed.fail(issue);
    throw this.fail('guest_failed', `The in-guest agent failed: ${issue}.`);
  }

  private ask(name: LinkCallName, args: unknown, { timeoutMs, signal }: CallOptions): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const giveUp = (error: unknown) => {
        this.framed.send({ cancel: id });
        pending.settle({ error });
      };
      const onAbort = () => giveUp(signal?.reason);
      const deadline = setTimeout(
        () => giveUp(this.fail('guest_timeout', `${name} was not answered in ${timeoutMs} ms.`)),
        timeoutMs,
      );
      const pending: Pending = {
        settle: (outcome) => {
          clearTimeout(deadline);
          signal?.removeEventListener('abort', onAbort);
          this.pending.delete(id);
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.result);
        },
      };
      this.pending.set(id, pending);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.framed.send({ id, call: name, args });
      } catch {
        pending.settle({ error: this.fail('too_large', `${name} is larger than the link carries.`) });
      }
    });
  }

  private readonly onFrame = (frame: unknown): void => {
    const note = this.onNote ? noteSchema.safeParse(frame) : null;
    if (note?.success) return this.onNote?.(note.data.note);
    const parsed = responseSchema.safeParse(frame);
    if (!parsed.success) throw new Error('an answer has the wrong shape');
    const answer = parsed.data;
    if (answer.id >= this.nextId) throw new Error('an answer to a call that was never made');
    // A call that was given up may still be answered.
    const pending = this.pending.get(answer.id);
    if (!pending) return;
    if ('error' in answer) pending.settle({ error: this.fail(answer.error.code, answer.error.message) });
    else pending.settle({ result: answer.result });
  };

  private lost(): Error {
    return this.fail('guest_failed', `The in-guest agent failed: the link was lost, ${this.closed}.`);
  }
}
