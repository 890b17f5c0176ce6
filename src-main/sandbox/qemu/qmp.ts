import { connect, type Socket } from 'node:net';
import { sleep } from '../../base/deadline';
import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import { LineCutter, readQmpMessage, type QmpMessage } from './qmpMessages';

/** Milliseconds. A command is answered by the main loop in a fraction of one; a loop that is stuck answers never. */
export const qmpMs = { command: 5_000, greeting: 5_000, poll: 3, job: 30_000 } as const;

export interface QmpEvent {
  name: string;
  data: Record<string, unknown>;
}
interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** A refusal by QEMU itself; the class is its own word for what was wrong. */
const refused = (command: string, message: QmpMessage & { kind: 'error' }): WheelhouseError =>
  new WheelhouseError('guest_failed', `QEMU refused ${command}: ${message.description}`, {
    errorClass: message.errorClass,
  });

/**
 * QEMU's machine protocol on a private socket: one connection a machine, because QEMU serves one client at a time. Every
 * command has a deadline; what is in flight when the connection ends is rejected with guest_failed.
 */
export class Qmp {
  private readonly waiting = new Map<number, Waiting>();
  private readonly events = new Emitter<QmpEvent>();
  private readonly closings = new Emitter<string>();
  private readonly cutter = new LineCutter();
  private next = 1;
  private ended: string | null = null;
  version = '';

  private constructor(
    private readonly socket: Socket,
    private readonly greeted: (error: Error | null) => void,
  ) {
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.on('error', (error) => this.end(error.message));
    socket.on('close', () => this.end('the connection was closed'));
  }

  /**
   * Connects, as soon as QEMU listens, and leaves the capabilities' negotiation behind. `alive` ends the wait early when
   * the process is gone. Throws guest_failed, or the signal's reason.
   */
  static async open(path: string, signal: AbortSignal, alive: () => boolean = () => true): Promise<Qmp> {
    for (const giveUpAt = performance.now() + qmpMs.greeting; ; await sleep(qmpMs.poll, signal)) {
      signal.throwIfAborted();
      try {
        const qmp = await Qmp.greet(path);
        await qmp.run('qmp_capabilities');
        return qmp;
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        const notYet = code === 'ENOENT' || code === 'ECONNREFUSED';
        if (!notYet || performance.now() > giveUpAt || !alive()) {
          if (error instanceof WheelhouseError) throw error;
          throw new WheelhouseError(
            'guest_failed',
            'QEMU does not answer on its control socket.',
            {},
            { cause: error },
          );
        }
      }
    }
  }

  private static async greet(path: string): Promise<Qmp> {
    const socket = await new Promise<Socket>((resolve, reject) => {
      const dialled = connect(path);
      dialled.once('error', reject);
      dialled.once('connect', () => {
        dialled.off('error', reject);
        resolve(dialled);
      });
    });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        socket.destroy();
        reject(new WheelhouseError('guest_failed', 'QEMU did not greet in time: another client may hold its socket.'));
      }, qmpMs.greeting);
      const qmp = new Qmp(socket, (error) => {
        clearTimeout(late);
        if (error) reject(error);
        else resolve(qmp);
      });
    });
  }

  get closed(): boolean {
    return this.ended !== null;
  }
  on(listener: (event: QmpEvent) => void): () => void {
    return this.events.on(listener);
  }
  /** Told once; at once when it is over already. */
  onClosed(listener: (reason: string) => void): () => void {
    if (this.ended !== null) {
      listener(this.ended);
      return () => {};
    }
    return this.closings.on(listener);
  }

  /** Rejects with guest_failed (refused, or the connection ended) and guest_timeout. */
  run(command: string, args: Record<string, unknown> = {}, timeoutMs: number = qmpMs.command): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.ended !== null) return reject(this.lost());
      const id = this.next++;
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new WheelhouseError('guest_timeout', `QEMU did not answer ${command} within ${timeoutMs} ms.`));
      }, timeoutMs);
      this.waiting.set(id, {
        resolve,
        timer,
        reject: (error) => reject(error instanceof Refusal ? refused(command, error.answer) : error),
      });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  /** A background job (snapshot-save and its like): resolves when it is concluded, rejects with its own error. */
  async job(command: string, id: string, args: Record<string, unknown>, timeoutMs: number = qmpMs.job): Promise<void> {
    await this.run(command, { 'job-id': id, ...args });
    for (const giveUpAt = performance.now() + timeoutMs; ; await sleep(10)) {
      const jobs = (await this.run('query-jobs')) as { id: string; status: string; error?: string }[];
      const job = jobs.find((one) => one.id === id);
      if (job?.status === 'concluded') {
        await this.run('job-dismiss', { id });
        if (job.error !== undefined) throw new WheelhouseError('guest_failed', `${command}: ${job.error}`);
        return;
      }
      if (!job || performance.now() > giveUpAt) {
        throw new WheelhouseError('guest_timeout', `QEMU did not finish ${command} within ${timeoutMs} ms.`);
      }
    }
  }

  /** running, paused, inmigrate, guest-panicked … */
  async status(timeoutMs?: number): Promise<string> {
    const answer = (await this.run('query-status', {}, timeoutMs)) as { status?: unknown } | null;
    return typeof answer?.status === 'string' ? answer.status : 'unknown';
  }

  close(): void {
    this.socket.destroy();
    this.end('closed');
  }

  private read(chunk: Buffer): void {
    try {
      for (const line of this.cutter.push(chunk)) this.take(readQmpMessage(line));
    } catch (error) {
      this.end(`QEMU's control socket carried rubbish: ${error instanceof Error ? error.message : String(error)}`);
      this.socket.destroy();
    }
  }
  private take(message: QmpMessage): void {
    switch (message.kind) {
      case 'greeting':
        this.version = message.version;
        return this.greeted(null);
      case 'event':
        return this.events.emit({ name: message.name, data: message.data });
      case 'return':
        return this.settle(message.id)?.resolve(message.value);
      case 'error':
        return this.settle(message.id)?.reject(new Refusal(message));
    }
  }
  private settle(id: number | null): Waiting | undefined {
    const waiting = this.waiting.get(id ?? -1);
    if (!waiting) return undefined;
    clearTimeout(waiting.timer);
    this.waiting.delete(id ?? -1);
    return waiting;
  }
  private lost(): WheelhouseError {
    return new WheelhouseError('guest_failed', `The connection to QEMU ended: ${this.ended ?? 'closed'}.`);
  }
  private end(reason: string): void {
    if (this.ended !== null) return;
    this.ended = reason;
    this.greeted(this.lost());
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(this.lost());
    }
    this.waiting.clear();
    this.closings.emit(reason);
  }
}

class Refusal extends Error {
  constructor(readonly answer: QmpMessage & { kind: 'error' }) {
    super(answer.description);
  }
}
