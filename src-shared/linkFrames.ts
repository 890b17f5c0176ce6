/**
 * Framing of the link between broker and in-guest agent: a 4-byte big-endian length, then that many bytes of UTF-8
 * JSON. Both ends are hostile to each other's mistakes: a length past the bound, bytes that are not UTF-8 and text that
 * is not JSON end the connection. Nothing beyond one frame's bound is ever buffered.
 */
export class LinkProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LinkProtocolError';
  }
}

const headerBytes = 4;
const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** One frame's bytes. Throws LinkProtocolError when the text is longer than `maxBytes`. */
export function encodeFrame(value: unknown, maxBytes: number): Uint8Array {
  const text = encoder.encode(JSON.stringify(value));
  if (text.byteLength > maxBytes) {
    throw new LinkProtocolError(`A frame of ${text.byteLength} bytes is past the bound of ${maxBytes}.`);
  }
  const frame = new Uint8Array(headerBytes + text.byteLength);
  new DataView(frame.buffer).setUint32(0, text.byteLength);
  frame.set(text, headerBytes);
  return frame;
}

/** Takes bytes as they come, split anywhere, and gives whole frames. The caller stops reading when `next` throws. */
export class FrameReader {
  private chunks: Uint8Array[] = [];
  private size = 0;
  private expected: number | null = null;

  /** `maxBytes` may be raised once the peer has proven itself. */
  constructor(public maxBytes: number) {}

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.chunks.push(chunk);
    this.size += chunk.byteLength;
  }

  /** The next whole frame, or null until more bytes come. Throws LinkProtocolError on anything else. */
  next(): { value: unknown } | null {
    if (this.expected === null) {
      if (this.size < headerBytes) return null;
      const header = this.take(headerBytes);
      const length = new DataView(header.buffer, header.byteOffset).getUint32(0);
      if (length > this.maxBytes) {
        throw new LinkProtocolError(`A frame of ${length} bytes was announced; at most ${this.maxBytes} are taken.`);
      }
      this.expected = length;
    }
    if (this.size < this.expected) return null;
    const body = this.take(this.expected);
    this.expected = null;
    try {
      return { value: JSON.parse(decoder.decode(body)) as unknown };
    } catch {
      throw new LinkProtocolError('A frame is not JSON in UTF-8.');
    }
  }

  /** What came after the last whole frame: a raw stream's first bytes. Empties the reader. */
  rest(): Uint8Array {
    return this.take(this.size);
  }

  private take(count: number): Uint8Array {
    const first = this.chunks[0];
    this.size -= count;
    if (first && first.byteLength >= count) {
      if (first.byteLength === count) this.chunks.shift();
      else this.chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const out = new Uint8Array(count);
    let filled = 0;
    let whole = 0;
    for (const chunk of this.chunks) {
      if (filled === count) break;
      const part = chunk.subarray(0, count - filled);
      out.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength < chunk.byteLength) {
        this.chunks[whole] = chunk.subarray(part.byteLength);
        break;
      }
      whole += 1;
    }
    this.chunks.splice(0, whole);
    return out;
  }
}
