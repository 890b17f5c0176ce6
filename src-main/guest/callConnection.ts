import { linkCalls, linkLimits, responseSchema, type LinkArgs, type LinkCallName, type LinkResult } from '@shared/link';
import { WheelhouseError } from '../base/errors';
import type { OpenedLink } from './openLink';

interface Pending {
  settle(outcome: { result: unknown } | { error: unknown }): void;
}

/** One proven connection for calls: requests out, answers back by id, each with its own deadline. */
export class CallConnection {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private closed: string | null = null;

  constructor(
    private readonly link: OpenedLink,
    private readonly machineId: string,
    onClosed: (reason: string) => void,
  ) {
    link.framed.handle(this.onFrame, linkLimits.frameBytes);
    link.onClosed((reason) => {
      this.closed = reason;
      const error = this.failure(`the link was lost: ${reason}`);
      for (const pending of [...this.pending.values()]) pending.settle({ error });
      onClosed(reason);
    });
    link.framed.socket.resume();
  }

  get bootId(): string {
    return this.link.bootId;
  }

  /** Rejects with the guest's code, guest_failed, guest_timeout, too_many, too_large, or the signal's reason. */
  async call<N extends LinkCallName>(
    name: N,
    args: LinkArgs<N>,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<LinkResult<N>> {
    options.signal?.throwIfAborted();
    if (this.closed !== null) throw this.failure(`the link was lost: ${this.closed}`);
    if (this.pending.size >= linkLimits.inFlight) {
      throw new WheelhouseError('too_many', 'Too many calls to this machine are in flight.', {
        machineId: this.machineId,
      });
    }
    const id = this.nextId++;
    const result = await new Promise<unknown>((resolve, reject) => {
      const give = (error: unknown) => {
        this.send({ cancel: id });
        pending.settle({ error });
      };
      const onAbort = () => give(options.signal?.reason);
      const deadline = setTimeout(
        () => give(new WheelhouseError('guest_timeout', `${name} was not answered in ${options.timeoutMs} ms.`)),
        options.timeoutMs,
      );
      const pending: Pending = {
        settle: (outcome) => {
          clearTimeout(deadline);
          options.signal?.removeEventListener('abort', onAbort);
          this.pending.delete(id);
          if ('error' in outcome) reject(outcome.error);
          else resolve(outcome.result);
        },
      };
      this.pending.set(id, pending);
      options.signal?.addEventListener('abort', onAbort, { once: true });
      try {
        this.link.framed.send({ id, call: name, args });
      } catch (error) {
        pending.settle({
          error: new WheelhouseError('too_large', `${name} is larger than the link carries.`, {}, { cause: error }),
        });
      }
    });
    const parsed = linkCalls[name].result.safeParse(result);
    if (parsed.success) return parsed.data as LinkResult<N>;
    this.link.framed.fail(`the answer to ${name} has the wrong shape`);
    throw this.failure(`the answer to ${name} has the wrong shape`);
  }

  close(): void {
    this.link.framed.fail('closed');
  }

  private readonly onFrame = (frame: unknown): void => {
    const parsed = responseSchema.safeParse(frame);
    if (!parsed.success) throw new Error('an answer has the wrong shape');
    const answer = parsed.data;
    // A cancelled call may still be answered; an id that was never used is rubbish.
    if (answer.id >= this.nextId) throw new Error('an answer to a call that was never made');
    const pending = this.pending.get(answer.id);
    if (!pending) return;
    if ('error' in answer) {
      pending.settle({
        error: new WheelhouseError(answer.error.code, answer.error.message, { machineId: this.machineId }),
      });
    } else {
      pending.settle({ result: answer.result });
    }
  };

  private send(value: unknown): void {
    this.link.framed.send(value);
  }
  private failure(reason: string): WheelhouseError {
    return new WheelhouseError('guest_failed', `The in-guest agent failed: ${reason}.`, { machineId: this.machineId });
  }
}
