import { Duplex } from 'node:stream';

/** Two streams, each the other's far end, with backpressure; the end of one is the end of the other. */
export function duplexPair(): [Duplex, Duplex] {
  const left: End = new End(() => right);
  const right: End = new End(() => left);
  return [left, right];
}

class End extends Duplex {
  private release: (() => void) | null = null;

  constructor(private readonly other: () => End) {
    super({ allowHalfOpen: false });
  }
  override _read(): void {
    const release = this.release;
    this.release = null;
    release?.();
  }
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const other = this.other();
    if (other.push(chunk)) done();
    else other.release = done;
  }
  override _final(done: () => void): void {
    this.other().push(null);
    done();
  }
  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    const other = this.other();
    if (!other.destroyed) setImmediate(() => other.destroy());
    done(null);
  }
}
