import {
  linkCalls,
  linkLimits,
  requestSchema,
  type LinkArgs,
  type LinkCallName,
  type LinkResponse,
  type LinkResult,
} from '@shared/link';
import type { EpochFence } from './epochFence';
import { errorAnswer, GuestError } from './guestError';
import type { FramedSocket } from './framedSocket';

/** One function a call; arguments have passed their schema. `signal` aborts when the caller cancels or is gone. */
export type CallHandlers<N extends LinkCallName = LinkCallName> = {
  [K in N]: (args: LinkArgs<K>, signal: AbortSignal) => Promise<LinkResult<K>>;
};
type AnyHandler = (args: unknown, signal: AbortSignal) => Promise<unknown>;

export interface DispatchOptions {
  handlers: Partial<CallHandlers>;
  /** Effects run behind it. */
  fence: EpochFence;
  /** How many unsent bytes are let pile up before a reader that is too slow is cut off. */
  maxUnsentBytes?: number;
}

/** Serves calls on one connection until it closes: many in flight, bounded, each cancellable. */
export class CallDispatch {
  private readonly running = new Map<number, AbortController>();

  constructor(
    private readonly framed: FramedSocket,
    private readonly options: DispatchOptions,
  ) {}

  /** Takes one frame. Throws (and so ends the connection) when it is not a request. */
  readonly handle = (value: unknown): void => {
    const parsed = requestSchema.safeParse(value);
    if (!parsed.success) throw new Error('a request has the wrong shape');
    const request = parsed.data;
    if ('cancel' in request) return this.running.get(request.cancel)?.abort();
    if (this.running.has(request.id)) throw new Error('a request repeats the id of one in flight');
    if (this.running.size >= linkLimits.inFlight) {
      return this.answer({ id: request.id, error: { code: 'too_many', message: 'Too many calls are in flight.' } });
    }
    void this.run(request.id, request.call, request.args);
  };

  /** The connection is gone: nobody reads the answers. */
  close(): void {
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }

  private async run(id: number, name: LinkCallName, input: unknown): Promise<void> {
    const controller = new AbortController();
    this.running.set(id, controller);
    try {
      const call = linkCalls[name];
      const args = call.args.safeParse(input);
      if (!args.success) {
        const issue = args.error.issues[0];
        throw new GuestError(
          'bad_request',
          `${name}: ${issue?.path.join('.') || 'arguments'} ${issue?.message ?? 'are wrong'}`,
        );
      }
      const handler = this.options.handlers[name] as AnyHandler | undefined;
      if (!handler) throw new GuestError('not_supported', `This machine does not know ${name}.`);
      const work = () => handler(args.data, controller.signal);
      const { epoch } = args.data as { epoch: number };
      const result = await (call.effect ? this.options.fence.run(epoch, controller, work) : work());
      this.answer({ id, result });
    } catch (error) {
      this.answer({ id, error: errorAnswer(error) });
    } finally {
      this.running.delete(id);
    }
  }

  private answer(response: LinkResponse): void {
    try {
      this.framed.send(response);
    } catch {
      const message = 'The answer is larger than the link carries.';
      this.framed.send({ id: response.id, error: { code: 'too_large', message } } satisfies LinkResponse);
    }
    const limit = this.options.maxUnsentBytes ?? 2 * linkLimits.frameBytes;
    if (this.framed.socket.writableLength > limit) this.framed.fail('the reader is too slow');
  }
}
