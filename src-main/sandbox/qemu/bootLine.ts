import { connect, type Socket } from 'node:net';
import { z } from 'zod';
import { WheelhouseError } from '../../base/errors';
import { LineCutter } from './qmpMessages';

/** Bytes that a machine may say until it has answered: an answer has some hundred. */
const heardBytes = 4 * 1024 * 1024;

const answerSchema = z.union([
  z.object({ ok: z.literal(true), machineId: z.string(), bootId: z.string().min(1).max(128) }),
  z.object({ ok: z.literal(true), synced: z.literal(true) }),
  z.object({ ok: z.literal(false), reason: z.string().max(2000) }),
]);

export interface Identity {
  machineId: string;
  secret: string;
  /** The machine waits for its home's disk and puts it in its place; nothing where it is there already. */
  home?: boolean;
}

/** How a machine hears who it is; a guest without an agent hears nothing. */
export interface IdentityLine {
  introduce(identity: Identity, seed: Buffer, now: number, signal: AbortSignal): Promise<string>;
  sync?(signal: AbortSignal): Promise<void>;
  clock?(now: number): void;
  close(): void;
}

/**
 * The private line on which a machine hears who it is (see the record of decisions on the image of a QEMU machine). It
 * stays connected for as long as the machine runs: a machine without a listener looks only now and then whether one came.
 */
export class BootLine implements IdentityLine {
  private readonly socket: Socket;
  private cutter = new LineCutter(64 * 1024);
  private pending: { resolve(bootId: string): void; reject(error: Error): void; machineId: string } | null = null;
  private syncing: { resolve(): void; reject(error: Error): void } | null = null;
  /** Bytes since it was last asked. */
  private heard = 0;
  private ended: string | null = null;

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on('data', (chunk: Buffer) => this.take(chunk));
    this.socket.on('error', (error) => this.end(error.message));
    this.socket.on('close', () => this.end('closed'));
    this.listen();
  }

  /**
   * Reads only while something was asked: a machine that never stops talking would have all of this program's time, and
   * so it has to wait.
   */
  private listen(): void {
    if (this.pending === null && this.syncing === null) this.socket.pause();
    else {
      this.heard = 0;
      this.socket.resume();
    }
  }

  /**
   * Gives the machine its identity, the time and fresh randomness; resolves with its new boot id once its agent listens
   * under it. Rejects with guest_failed, or the signal's reason. The caller sets the deadline by its signal.
   */
  introduce(identity: Identity, seed: Buffer, now: number, signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.ended !== null) return reject(this.lost());
      const onAbort = (): void => settle(() => reject(signal.reason));
      const settle = (then: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        this.pending = null;
        this.listen();
        then();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.pending?.reject(new WheelhouseError('guest_failed', 'The machine was given another identity meanwhile.'));
      this.pending = {
        machineId: identity.machineId,
        resolve: (bootId) => settle(() => resolve(bootId)),
        reject: (error) => settle(() => reject(error)),
      };
      this.listen();
      const { machineId, secret, home = false } = identity;
      const line = { machineId, secret, time: now, seed: seed.toString('base64'), ...(home ? { home } : {}) };
      this.socket.write(`${JSON.stringify(line)}\n`);
    });
  }

  /** Has the machine write what it has only in memory to its disks. Rejects like `introduce`. */
  sync(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.ended !== null) return reject(this.lost());
      const onAbort = (): void => settle(() => reject(signal.reason));
      const settle = (then: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        this.syncing = null;
        this.listen();
        then();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.syncing = {
        resolve: () => settle(resolve),
        reject: (error) => settle(() => reject(error)),
      };
      this.listen();
      this.socket.write('{"sync":true}\n');
    });
  }
  /** Sets its clock after it stood still, in milliseconds since the epoch. Nothing waits for it. */
  clock(now: number): void {
    if (this.ended === null) this.socket.write(`${JSON.stringify({ clock: now })}\n`);
  }
  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    this.heard += chunk.length;
    try {
      if (this.heard > heardBytes) throw new Error('it talks without end');
      for (const line of this.cutter.push(chunk)) this.answer(answerSchema.parse(JSON.parse(line)));
    } catch {
      const rubbish = new WheelhouseError('guest_failed', 'The machine answered rubbish on its boot line.');
      this.cutter = new LineCutter(64 * 1024);
      this.pending?.reject(rubbish);
      // It is asked once, before the machine's end, and not believed in any case.
      if (this.heard > heardBytes) this.syncing?.reject(rubbish);
    }
  }
  private answer(answer: z.infer<typeof answerSchema>): void {
    if (!answer.ok) {
      const reason = answer.reason.replaceAll(/\p{C}/gu, ' ');
      this.syncing?.reject(new WheelhouseError('guest_failed', `The machine does not write its disks: ${reason}`));
      return this.pending?.reject(new WheelhouseError('guest_failed', `The machine refused its identity: ${reason}`));
    }
    if ('synced' in answer) return this.syncing?.resolve();
    // An answer to an older line, whose asker gave up, is not this one's.
    if (answer.machineId === this.pending?.machineId) this.pending.resolve(answer.bootId);
  }
  private lost(): WheelhouseError {
    return new WheelhouseError('guest_failed', `The machine's boot line ended: ${this.ended ?? 'closed'}.`);
  }
  private end(reason: string): void {
    this.ended ??= reason;
    this.pending?.reject(this.lost());
    this.syncing?.reject(this.lost());
  }
}
