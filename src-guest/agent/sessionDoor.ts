import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { linkLimits, type LinkArgs, type LinkCallName, type LinkResult } from '@shared/link';
import { CallClient } from '../callClient';
import { FramedSocket } from '../framedSocket';
import { GuestError } from '../guestError';
import { guestPaths } from '../paths';
import { patience } from '../patience';

type State =
  | { kind: 'waiting' }
  | { kind: 'starting'; client: CallClient }
  | { kind: 'ready'; client: CallClient }
  | { kind: 'settling'; result: Promise<LinkResult<'settle'>> }
  | { kind: 'settled' }
  | { kind: 'ended'; reason: string };

/** Milliseconds the session's programs may take until the supervisor calls them ready. */
const startMs = 30_000 * patience;
/** A call's own limit is kept by the supervisor; past this much more it is given up. */
const graceMs = 3_000;
const callMs = 9_000;
const over = 'The session has ended: it was settled.';
/** Less than the broker waits for a change of hands (5 s); a command that was cut off is gone within 2 s. */
const raiseMs = 3_000;
/** What is left of a session is ended and the disks are written within this, once its programs had their time. */
const settleGraceMs = 4_000;

/**
 * Where the session's supervisor, which runs as the session's user, reports for duty. The first connection is taken, at
 * a time when no other program of that user exists, and never another: a program of the session can end the supervisor,
 * and with it its own session, but not take its place.
 */
export class SessionDoor {
  private state: State = { kind: 'waiting' };
  /** The supervisor outlives the machine's identities, each of which counts its epochs from 0. */
  private firstEpoch = 0;
  private lastEpoch = -1;
  private underWay = 0;
  private dismiss = (): void => {};

  constructor(
    private readonly log: (message: string) => void,
    private readonly path: string = guestPaths.session,
  ) {}

  get ready(): boolean {
    return this.state.kind === 'ready';
  }

  listen(): Promise<void> {
    rmSync(this.path, { force: true });
    const server = createServer((socket) => {
      if (this.state.kind !== 'waiting') return void socket.on('error', () => {}).destroy();
      const framed: FramedSocket = new FramedSocket(
        socket,
        linkLimits.frameBytes,
        () => {},
        (reason) => {
          client.end(reason);
          if (this.state.kind === 'settled') return;
          this.state = { kind: 'ended', reason };
          this.log(`session: ended, ${reason}`);
        },
      );
      const client = new CallClient(
        framed,
        (code, message) => new GuestError(code, message),
        (note) => this.log(`session: ${note.replaceAll(/\p{C}/gu, ' ')}`),
      );
      this.dismiss = () => framed.fail('settled');
      this.state = { kind: 'starting', client };
      void this.awaitReady(client);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.path, resolve);
    });
  }

  /** Has the supervisor run a call. Throws not_ready before it came and guest_failed after it went. */
  call<N extends LinkCallName>(name: N, args: LinkArgs<N>, signal: AbortSignal): Promise<LinkResult<N>> {
    const { state } = this;
    if (state.kind === 'waiting') throw new GuestError('not_ready', 'The session has not been started yet.');
    if (state.kind === 'ended') throw new GuestError('guest_failed', `The session has ended: ${state.reason}.`);
    if (state.kind === 'settling' || state.kind === 'settled') throw new GuestError('guest_failed', over);
    const own = (args as { timeoutMs?: number }).timeoutMs;
    const counted = 'epoch' in args ? { ...args, epoch: this.count(args.epoch) } : args;
    this.underWay += 1;
    const answer = state.client.call(name, counted, { timeoutMs: own === undefined ? callMs : own + graceMs, signal });
    const end = () => void (this.underWay -= 1);
    answer.then(end, end);
    return answer;
  }

  /**
   * The session ends for good, and its supervisor with it. All who ask get the same answer, and nobody calls it back. A failure leaves a session
   * that is over too: what had begun to end does not go back. Throws not_ready, guest_failed, guest_timeout.
   */
  settle(ms: number): Promise<LinkResult<'settle'>> {
    const { state } = this;
    if (state.kind === 'settled') return Promise.resolve({ ended: 0, killed: 0 });
    if (state.kind === 'settling') return state.result;
    if (state.kind === 'waiting') throw new GuestError('not_ready', 'The session has not been started yet.');
    if (state.kind === 'ended') throw new GuestError('guest_failed', `The session has ended: ${state.reason}.`);
    const result = state.client.call('settle', { ms }, { timeoutMs: ms + settleGraceMs });
    this.state = { kind: 'settling', result };
    const end = (next: State) => () => {
      // Nothing of its user is left to take the place of the supervisor, which goes when its connection does.
      if (this.state.kind === 'settling') this.state = next;
      this.dismiss();
    };
    result.then(end({ kind: 'settled' }), end({ kind: 'ended', reason: 'it did not settle' }));
    return result;
  }

  /**
   * Resolves when nothing older than this epoch is being done. A supervisor that does not answer, which any program of
   * its user can bring about, must not keep the machine from a person who takes it away: what it had not begun when it
   * stopped it does not begin when it goes on, since the calls were cancelled before this one.
   */
  async raise(epoch: number): Promise<void> {
    const { state } = this;
    if (state.kind !== 'starting' && state.kind !== 'ready') return;
    try {
      await state.client.call('setEpoch', { epoch: this.count(epoch) }, { timeoutMs: raiseMs });
    } catch (error) {
      this.log(`session: epoch ${epoch} not confirmed, ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The machine is another one from now on: whatever the one before it had begun is cut off, its epochs are over. */
  async renew(): Promise<void> {
    this.firstEpoch = this.lastEpoch + 1;
    if (this.underWay > 0) await this.raise(0);
  }

  private count(epoch: number): number {
    const counted = this.firstEpoch + epoch;
    this.lastEpoch = Math.max(this.lastEpoch, counted);
    return counted;
  }

  private async awaitReady(client: CallClient): Promise<void> {
    try {
      await client.call('health', {}, { timeoutMs: startMs });
      if (this.state.kind === 'starting') this.state = { kind: 'ready', client };
    } catch (error) {
      this.log(`session: not ready, ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
