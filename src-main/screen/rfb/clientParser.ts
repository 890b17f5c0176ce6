import { CLIENT, RfbError } from './wire';

/** One complete message of a client. `bytes` may be a view of the chunk it came in. */
export interface ClientMessage {
  type: number;
  bytes: Buffer;
}

export const CLIENT_LIMITS = {
  /** Bytes of clipboard in one message. */
  cutText: 256 * 1024,
  encodings: 1024,
  fence: 64,
} as const;

/**
 * The whole length of the message that begins `head`, or 0 while `head` is too short to tell.
 * RfbError for an unknown type, whose length nobody can know, and for lengths over the limits.
 */
export function clientMessageLength(head: Buffer): number {
  const type = head[0];
  switch (type) {
    case undefined:
      return 0;
    case CLIENT.setPixelFormat:
      return 20;
    case CLIENT.setEncodings: {
      if (head.length < 4) return 0;
      const count = head.readUInt16BE(2);
      if (count > CLIENT_LIMITS.encodings) throw new RfbError(`${count} encodings`);
      return 4 + count * 4;
    }
    case CLIENT.updateRequest:
    case CLIENT.continuousUpdates:
      return 10;
    case CLIENT.key:
      return 8;
    case CLIENT.pointer:
      return 6;
    case CLIENT.cutText: {
      if (head.length < 8) return 0;
      // Unsigned on purpose: a negative length (Extended Clipboard, 0xffffffff) is far over the limit.
      const length = head.readUInt32BE(4);
      if (length > CLIENT_LIMITS.cutText) throw new RfbError(`a clipboard of ${length} bytes`);
      return 8 + length;
    }
    case CLIENT.fence: {
      if (head.length < 9) return 0;
      if (head.readUInt8(8) > CLIENT_LIMITS.fence) throw new RfbError(`a fence of ${head[8]} bytes`);
      return 9 + head.readUInt8(8);
    }
    case CLIENT.xvp:
      return 4;
    case CLIENT.setDesktopSize:
      return head.length < 7 ? 0 : 8 + head.readUInt8(6) * 16;
    case CLIENT.gii:
      return head.length < 4 ? 0 : 4 + head.readUInt16BE(2);
    case CLIENT.qemu:
      return qemuLength(head);
    default:
      throw new RfbError(`unknown client message ${type}`);
  }
}

function qemuLength(head: Buffer): number {
  if (head.length < 2) return 0;
  if (head[1] === 0) return 12;
  if (head[1] !== 1) throw new RfbError(`unknown QEMU message ${head[1]}`);
  if (head.length < 4) return 0;
  const operation = head.readUInt16BE(2);
  if (operation > 2) throw new RfbError(`unknown audio operation ${operation}`);
  return operation === 2 ? 10 : 4;
}

/** Enough to know any message's length. */
const HEAD_BYTES = 16;

/**
 * Cuts a client's byte stream into messages, however it is split. Holds at most one incomplete message (the largest
 * is the clipboard's limit). After an RfbError the stream has no known position and must not be used.
 */
export class ClientParser {
  private store = Buffer.alloc(0);
  private held = 0;
  /** Length of the message under way, 0 while unknown. */
  private length = 0;

  push(chunk: Buffer): ClientMessage[] {
    const messages: ClientMessage[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.held === 0) {
        const rest = chunk.subarray(at);
        const length = clientMessageLength(rest);
        if (length > 0 && rest.length >= length) {
          messages.push({ type: rest.readUInt8(0), bytes: rest.subarray(0, length) });
          at += length;
          continue;
        }
        this.expect(length);
      }
      const take = this.length === 0 ? 1 : Math.min(this.length - this.held, chunk.length - at);
      chunk.copy(this.store, this.held, at, at + take);
      this.held += take;
      at += take;
      if (this.length === 0) this.expect(clientMessageLength(this.store.subarray(0, this.held)));
      if (this.held === this.length) messages.push(this.release());
    }
    return messages;
  }

  /** Bytes waiting for their message to be complete. */
  get waiting(): number {
    return this.held;
  }

  private expect(length: number): void {
    this.length = length;
    const size = Math.max(length, HEAD_BYTES);
    if (this.held > 0 && size <= this.store.length) return;
    const store = Buffer.allocUnsafe(size);
    this.store.copy(store, 0, 0, this.held);
    this.store = store;
  }

  private release(): ClientMessage {
    const bytes = this.store.subarray(0, this.held);
    this.store = Buffer.alloc(0);
    this.held = 0;
    this.length = 0;
    return { type: bytes.readUInt8(0), bytes };
  }
}
