import type { LinkArgs, LinkCallName, LinkResult } from '@shared/link';
import { sleep, within } from '../base/deadline';
import { Emitter } from '../base/emitter';
import { WheelhouseError } from '../base/errors';
import type { LinkTarget } from '../sandbox/backend';
import { CallConnection } from './callConnection';
import { openLink } from './openLink';

/** Pauses before each new try at a lost link. After the last one the link is lost for good. */
const retryDelaysMs = [0, 50, 200, 750];

type State =
  | { kind: 'open'; connection: CallConnection }
  | { kind: 'reopening'; next: Promise<CallConnection> }
  | { kind: 'lost'; reason: string };

/**
 * The link for calls of one machine, kept open. A connection that breaks is opened anew, a few times within a second;
 * calls that were in flight fail (an effect is never repeated on a guess), later ones wait for the new connection.
 * Another boot id means another agent, with none of the machine's state: that is a loss, not a reconnection.
 */
export class GuestLink {
  private state: State;
  private readonly lost = new Emitter<string>();
  private readonly closing = new AbortController();

  constructor(
    readonly target: LinkTarget,
    opened: Awaited<ReturnType<typeof openLink>>,
  ) {
    this.state = { kind: 'open', connection: this.adopt(opened) };
  }

  async call<N extends LinkCallName>(
    name: N,
    args: LinkArgs<N>,
    options: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<LinkResult<N>> {
    const connection = await this.connection(options.timeoutMs);
    return connection.call(name, args, options);
  }

  /** A listener that comes after the loss is told at once. */
  onLost(listener: (reason: string) => void): () => void {
    if (this.state.kind === 'lost') {
      if (!this.closing.signal.aborted) listener(this.state.reason);
      return () => {};
    }
    return this.lost.on(listener);
  }

  /** Ends the link without a word to the listeners. */
  close(): void {
    if (this.closing.signal.aborted) return;
    const { state } = this;
    this.closing.abort(this.gone('the link was closed'));
    this.state = { kind: 'lost', reason: 'the link was closed' };
    if (state.kind === 'open') state.connection.close();
  }

  private async connection(timeoutMs: number): Promise<CallConnection> {
    if (this.state.kind === 'open') return this.state.connection;
    if (this.state.kind === 'reopening') {
      return within(this.state.next, timeoutMs, 'Reaching the in-guest agent again', 'guest_timeout');
    }
    throw this.gone(this.state.reason);
  }

  private adopt(opened: Awaited<ReturnType<typeof openLink>>): CallConnection {
    const connection: CallConnection = new CallConnection(opened, this.target.machineId, (reason) => {
      if (this.closing.signal.aborted) return;
      const next = this.reopen(connection.bootId, reason);
      next.catch(() => {});
      this.state = { kind: 'reopening', next };
    });
    return connection;
  }

  private async reopen(bootId: string, reason: string): Promise<CallConnection> {
    let last = reason;
    for (const delay of retryDelaysMs) {
      await sleep(delay, this.closing.signal);
      try {
        const opened = await openLink(this.target, 'calls', this.closing.signal);
        if (opened.bootId !== bootId) {
          opened.framed.fail('another agent');
          last = 'the in-guest agent was started anew';
          break;
        }
        const connection = this.adopt(opened);
        this.state = { kind: 'open', connection };
        return connection;
      } catch (error) {
        if (this.closing.signal.aborted) throw error;
        last = error instanceof Error ? error.message : String(error);
      }
    }
    this.state = { kind: 'lost', reason: last };
    this.lost.emit(last);
    throw this.gone(last);
  }

  private gone(reason: string): WheelhouseError {
    return new WheelhouseError('guest_failed', `The link to the machine is lost: ${reason}`, {
      machineId: this.target.machineId,
    });
  }
}
