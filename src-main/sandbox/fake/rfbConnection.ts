import type { Duplex } from 'node:stream';
import type { FakeRect, FakeScreen, RecordedInput } from './rfbServer';

interface Format {
  bytes: number;
  bigEndian: boolean;
  red: [max: number, shift: number];
  green: [max: number, shift: number];
  blue: [max: number, shift: number];
}

const ENCODING = { raw: 0, copyRect: 1, desktopSize: -223, extendedDesktopSize: -308, fence: -312, continuous: -313 };

/** A client that asks for nothing gets one whole picture instead of a longer list. */
const MAX_CHANGES = 64;

type Change =
  | { kind: 'raw'; rect: FakeRect; rgba: Buffer }
  | { kind: 'copy'; from: FakeRect; x: number; y: number }
  | { kind: 'size' };

/**
 * One client of the fake server. It is written without the codec it helps to test, straight from RFC 6143 and the
 * community's RFB specification, so that both can't share one mistake.
 */
export class FakeRfbConnection {
  private pending = Buffer.alloc(0);
  private phase: 'version' | 'security' | 'init' | 'running' = 'version';
  private format: Format = { bytes: 4, bigEndian: false, red: [255, 16], green: [255, 8], blue: [255, 0] };
  private encodings = new Set<number>();
  private changes: Change[] = [];
  private requested: FakeRect | null = null;
  private continuous: FakeRect | null = null;
  private announced = { fence: false, continuous: false };
  private held = false;
  private flushing = false;

  constructor(
    private readonly stream: Duplex,
    private readonly screen: FakeScreen,
    private readonly id: number,
    private readonly hooks: { onInput(input: RecordedInput): void; onClosed(): void },
  ) {}

  start(): void {
    this.stream.on('data', (chunk: Buffer) => {
      this.pending = Buffer.concat([this.pending, chunk]);
      this.advance();
    });
    this.stream.on('error', () => this.stream.destroy());
    this.stream.on('end', () => this.stream.end());
    this.stream.on('close', () => this.hooks.onClosed());
    this.write(Buffer.from('RFB 003.008\n'));
  }
  hold(held: boolean): void {
    this.held = held;
    if (!held) this.advance();
  }
  close(): void {
    this.stream.destroy();
  }
  damage(rect: FakeRect): void {
    this.change(this.raw(rect));
  }
  copied(from: FakeRect, x: number, y: number): void {
    if (this.encodings.has(ENCODING.copyRect)) this.change({ kind: 'copy', from, x, y });
    else this.damage({ x, y, width: from.width, height: from.height });
  }
  resized(): void {
    this.changes = this.encodings.has(ENCODING.desktopSize) ? [{ kind: 'size' }] : [];
    if (this.continuous) this.continuous = this.whole();
    this.change(this.raw(this.whole()));
  }
  cutText(text: string): void {
    if (this.phase !== 'running') return;
    const body = Buffer.from(text, 'latin1');
    const head = Buffer.alloc(8);
    head[0] = 3;
    head.writeUInt32BE(body.length, 4);
    this.write(Buffer.concat([head, body]));
  }

  private whole(): FakeRect {
    return { x: 0, y: 0, width: this.screen.width, height: this.screen.height };
  }
  private write(bytes: Buffer): void {
    if (!this.stream.destroyed) this.stream.write(bytes);
  }
  private change(change: Change): void {
    if (this.phase !== 'running') return;
    this.changes.push(change);
    if (this.changes.length > MAX_CHANGES && !this.changes.some((each) => each.kind === 'size')) {
      this.changes = [this.raw(this.whole())];
    }
    this.flush();
  }
  /** Pixels as they are now: read later they could be newer than a copy that follows in the same update. */
  private raw(rect: FakeRect): Change {
    return { kind: 'raw', rect, rgba: this.screen.read(rect) };
  }

  private advance(): void {
    while (!this.held && !this.stream.destroyed) {
      const used = this.phase === 'running' ? this.message() : this.handshake();
      if (used === 0) return;
      this.pending = this.pending.subarray(used);
    }
  }

  private handshake(): number {
    if (this.phase === 'version') {
      if (this.pending.length < 12) return 0;
      this.phase = 'security';
      this.write(Buffer.from([1, 1]));
      return 12;
    }
    if (this.pending.length < 1) return 0;
    if (this.phase === 'security') {
      this.phase = 'init';
      this.write(Buffer.alloc(4));
      return 1;
    }
    const name = Buffer.from(this.screen.name);
    const init = Buffer.alloc(24);
    init.writeUInt16BE(this.screen.width, 0);
    init.writeUInt16BE(this.screen.height, 2);
    init.set([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0], 4);
    init.writeUInt32BE(name.length, 20);
    this.write(Buffer.concat([init, name]));
    this.phase = 'running';
    return 1;
  }

  /** Takes one message; returns its length, or 0 when more bytes are needed. Unknown types end the connection. */
  private message(): number {
    const p = this.pending;
    const has = (n: number) => p.length >= n;
    if (!has(1)) return 0;
    const record = (input: RecordedInput, length: number) => {
      this.hooks.onInput(input);
      return length;
    };
    const connection = this.id;
    switch (p[0]) {
      case 0:
        if (!has(20)) return 0;
        this.format = {
          bytes: p[4]! / 8,
          bigEndian: p[6] !== 0,
          red: [p.readUInt16BE(8), p[14]!],
          green: [p.readUInt16BE(10), p[15]!],
          blue: [p.readUInt16BE(12), p[16]!],
        };
        return 20;
      case 2: {
        if (!has(4)) return 0;
        const count = p.readUInt16BE(2);
        if (!has(4 + count * 4)) return 0;
        this.encodings = new Set(Array.from({ length: count }, (_, i) => p.readInt32BE(4 + i * 4)));
        this.announce();
        return 4 + count * 4;
      }
      case 3:
        if (!has(10)) return 0;
        this.requested = this.readRect(2);
        if (p[1] === 0) this.changes = [this.raw(this.requested)];
        this.flush();
        return 10;
      case 4:
        if (!has(8)) return 0;
        return record({ connection, kind: 'key', keysym: p.readUInt32BE(4), down: p[1] !== 0 }, 8);
      case 5:
        if (!has(6)) return 0;
        return record({ connection, kind: 'pointer', mask: p[1]!, x: p.readUInt16BE(2), y: p.readUInt16BE(4) }, 6);
      case 6: {
        if (!has(8)) return 0;
        const length = Math.abs(p.readInt32BE(4));
        if (!has(8 + length)) return 0;
        const bytes = Buffer.from(p.subarray(8, 8 + length));
        return record({ connection, kind: 'cutText', bytes, extended: p.readInt32BE(4) < 0 }, 8 + length);
      }
      case 150:
        if (!has(10)) return 0;
        this.continuous = p[1] ? this.readRect(2) : null;
        if (!p[1]) this.write(Buffer.from([150]));
        this.flush();
        return 10;
      case 248: {
        if (!has(9) || !has(9 + p[8]!)) return 0;
        const flags = p.readUInt32BE(4);
        // Bit 31 asks for an answer; the three others are the synchronisation that this in-order server always gives.
        if (flags & 0x80000000) this.fence(flags & 7, p.subarray(9, 9 + p[8]!));
        return 9 + p[8]!;
      }
      case 250:
        return has(4) ? record({ connection, kind: 'xvp', code: p[3]! }, 4) : 0;
      case 251: {
        if (!has(8) || !has(8 + p[6]! * 16)) return 0;
        const [width, height] = [p.readUInt16BE(2), p.readUInt16BE(4)];
        return record({ connection, kind: 'setDesktopSize', width, height }, 8 + p[6]! * 16);
      }
      case 253: {
        if (!has(4) || !has(4 + p.readUInt16BE(2))) return 0;
        const length = 4 + p.readUInt16BE(2);
        return record({ connection, kind: 'gii', bytes: Buffer.from(p.subarray(4, length)) }, length);
      }
      case 255:
        return this.qemu(p, has, record);
      default:
        this.close();
        return 0;
    }
  }

  private qemu(p: Buffer, has: (n: number) => boolean, record: (i: RecordedInput, n: number) => number): number {
    const connection = this.id;
    if (!has(4)) return 0;
    if (p[1] === 0) {
      if (!has(12)) return 0;
      const down = p.readUInt16BE(2) !== 0;
      const [keysym, keycode] = [p.readUInt32BE(4), p.readUInt32BE(8)];
      return record({ connection, kind: 'extendedKey', keysym, keycode, down }, 12);
    }
    const operation = p.readUInt16BE(2);
    const length = operation === 2 ? 10 : 4;
    return has(length) ? record({ connection, kind: 'audio', operation }, length) : 0;
  }

  private readRect(at: number): FakeRect {
    const p = this.pending;
    const x = Math.min(p.readUInt16BE(at), this.screen.width);
    const y = Math.min(p.readUInt16BE(at + 2), this.screen.height);
    const width = Math.min(p.readUInt16BE(at + 4), this.screen.width - x);
    const height = Math.min(p.readUInt16BE(at + 6), this.screen.height - y);
    return { x, y, width, height };
  }

  private announce(): void {
    if (this.encodings.has(ENCODING.fence) && !this.announced.fence) {
      this.announced.fence = true;
      this.fence(0x80000000, Buffer.alloc(0));
    }
    if (this.encodings.has(ENCODING.continuous) && !this.announced.continuous) {
      this.announced.continuous = true;
      this.write(Buffer.from([150]));
    }
  }

  private fence(flags: number, payload: Uint8Array): void {
    const head = Buffer.alloc(9);
    head[0] = 248;
    head.writeUInt32BE(flags >>> 0, 4);
    head[8] = payload.length;
    this.write(Buffer.concat([head, payload]));
  }

  /** One update for all changes since the last, if the client asked for any, in a task of its own so that paints gather. */
  private flush(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      if (this.held || this.changes.length === 0 || !(this.requested || this.continuous)) return;
      const changes = this.changes;
      this.changes = [];
      this.requested = null;
      const head = Buffer.alloc(4);
      head.writeUInt16BE(changes.length, 2);
      this.write(Buffer.concat([head, ...changes.map((change) => this.encode(change))]));
    });
  }

  private encode(change: Change): Buffer {
    if (change.kind === 'size') return rectHead(this.whole(), ENCODING.desktopSize);
    if (change.kind === 'copy') {
      const { from, x, y } = change;
      const source = Buffer.alloc(4);
      source.writeUInt16BE(from.x, 0);
      source.writeUInt16BE(from.y, 2);
      return Buffer.concat([rectHead({ ...from, x, y }, ENCODING.copyRect), source]);
    }
    const { rect, rgba } = change;
    const { bytes, bigEndian, red, green, blue } = this.format;
    const out = Buffer.alloc(rect.width * rect.height * bytes);
    const part = (value: number, [max, shift]: [number, number]) => Math.round((value * max) / 255) * 2 ** shift;
    for (let i = 0; i < rgba.length / 4; i++) {
      const pixel = part(rgba[i * 4]!, red) + part(rgba[i * 4 + 1]!, green) + part(rgba[i * 4 + 2]!, blue);
      if (bigEndian) out.writeUIntBE(pixel, i * bytes, bytes);
      else out.writeUIntLE(pixel, i * bytes, bytes);
    }
    return Buffer.concat([rectHead(rect, ENCODING.raw), out]);
  }
}

function rectHead(rect: FakeRect, encoding: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(rect.x, 0);
  head.writeUInt16BE(rect.y, 2);
  head.writeUInt16BE(rect.width, 4);
  head.writeUInt16BE(rect.height, 6);
  head.writeInt32BE(encoding, 8);
  return head;
}
