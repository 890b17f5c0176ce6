import { StringDecoder } from 'node:string_decoder';

/** Keeps the first `maxBytes` of a stream and lets the rest flow away, so that its writer is never held up. */
export class BoundedOutput {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  cut = false;

  constructor(private readonly maxBytes: number) {}

  push(chunk: Buffer): void {
    const room = this.maxBytes - this.size;
    if (chunk.length > room) this.cut = true;
    if (room <= 0) return;
    const kept = chunk.subarray(0, room);
    this.chunks.push(kept);
    this.size += kept.length;
  }

  /** As UTF-8; a character that the cut went through is left out, bytes that are no UTF-8 become U+FFFD. */
  text(): string {
    const bytes = Buffer.concat(this.chunks);
    return this.cut ? new StringDecoder('utf8').write(bytes) : bytes.toString('utf8');
  }
}
