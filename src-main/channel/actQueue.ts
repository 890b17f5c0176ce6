import { WheelhouseError } from '../base/errors';

/** Rejects with the signal's reason as soon as it is aborted; the promise's own end is then nobody's concern. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    const off = () => signal.removeEventListener('abort', stop);
    promise.then(
      (value) => (off(), resolve(value)),
      (error: unknown) => (off(), reject(error)),
    );
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

interface Line {
  length: number;
  tail: Promise<void>;
}

/** Acts of one session run one after another, in the order they came; reads do not queue. */
export class ActQueue {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly most = 32) {}

  /** too_many when `most` acts of this session wait already; the signal's reason when it is aborted in the line. */
  async run<T>(sessionId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const line = this.lines.get(sessionId) ?? { length: 0, tail: Promise.resolve() };
    if (line.length >= this.most) {
      throw new WheelhouseError(
        'too_many',
        `${this.most} actions of this session wait already; they run one after another.`,
      );
    }
    this.lines.set(sessionId, line);
    const first = line.length === 0;
    const before = line.tail;
    let release = () => {};
    line.tail = new Promise((resolve) => (release = resolve));
    line.length += 1;
    try {
      if (!first) await orAborted(before, signal);
      return await work();
    } finally {
      line.length -= 1;
      if (line.length === 0) this.lines.delete(sessionId);
      // A call that left the line early must not let the next one pass the one before it.
      void before.then(release);
    }
  }
}
