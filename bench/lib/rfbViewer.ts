import { once } from 'node:events';
import { WebSocket } from 'ws';

/** RFB 3.8 over a WebSocket, as little as measuring needs (RFC 6143; Fence and ContinuousUpdates from the community's list). */
export class BenchViewer {
  private buffered: Buffer[] = [];
  private size = 0;
  private wake: (() => void) | null = null;
  readonly width: number = 1280;
  readonly height: number = 800;

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.buffered.push(data);
      this.size += data.length;
      this.wake?.();
    });
  }

  static async connect(url: string): Promise<BenchViewer> {
    const socket = new WebSocket(url, 'binary', { perMessageDeflate: false });
    const viewer = new BenchViewer(socket);
    await once(socket, 'open');
    await viewer.take(12);
    // As bytes: a string would go as text, which no proxy takes for RFB.
    socket.send(Buffer.from('RFB 003.008\n'));
    const [count] = await viewer.take(1);
    await viewer.take(count ?? 0);
    socket.send(Buffer.from([1]));
    await viewer.take(4);
    socket.send(Buffer.from([1]));
    const init = await viewer.take(24);
    await viewer.take(init.readUInt32BE(20));
    // Raw and Fence.
    const encodings = Buffer.alloc(12);
    encodings[0] = 2;
    encodings.writeUInt16BE(2, 2);
    encodings.writeInt32BE(0, 4);
    encodings.writeInt32BE(-312, 8);
    socket.send(encodings);
    return viewer;
  }

  private async take(count: number): Promise<Buffer> {
    while (this.size < count) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = null;
    }
    const all = this.buffered.length === 1 ? this.buffered[0]! : Buffer.concat(this.buffered);
    this.buffered = [all.subarray(count)];
    this.size -= count;
    return all.subarray(0, count);
  }

  /** Drops `count` bytes without copying them. */
  private async skip(count: number): Promise<void> {
    let left = count;
    while (left > 0) {
      const head = this.buffered.shift();
      if (!head) {
        await new Promise<void>((resolve) => (this.wake = resolve));
        this.wake = null;
        continue;
      }
      const used = Math.min(left, head.length);
      left -= used;
      this.size -= used;
      if (used < head.length) this.buffered.unshift(head.subarray(used));
    }
  }

  requestFull(): void {
    const message = Buffer.alloc(10);
    message[0] = 3;
    message.writeUInt16BE(this.width, 6);
    message.writeUInt16BE(this.height, 8);
    this.socket.send(message);
  }

  /** Reads messages until a whole update is in; answers the server's fences. Bytes of pixels. */
  async update(): Promise<number> {
    for (;;) {
      const [type] = await this.take(1);
      if (type === 248) {
        await this.fenceBody(true);
        continue;
      }
      if (type === 2 || type === 150) continue;
      if (type !== 0) throw new Error(`Unexpected message ${type}`);
      const head = await this.take(3);
      const rects = head.readUInt16BE(1);
      let bytes = 0;
      for (let n = 0; n < rects; n += 1) {
        const rect = await this.take(12);
        const pixels = rect.readUInt16BE(4) * rect.readUInt16BE(6) * 4;
        bytes += pixels;
        await this.skip(pixels);
      }
      return bytes;
    }
  }

  private async fenceBody(answer: boolean): Promise<boolean> {
    const head = await this.take(8);
    const flags = head.readUInt32BE(3);
    const payload = await this.take(head[7] ?? 0);
    const request = flags >= 0x80000000;
    if (request && answer) {
      const reply = Buffer.concat([Buffer.from([248]), head, payload]);
      reply.writeUInt32BE(flags & 0x7, 4);
      this.socket.send(reply);
    }
    return request;
  }

  /** One fence there and back: what the way adds to every message. */
  async roundTrip(): Promise<void> {
    const message = Buffer.from([248, 0, 0, 0, 0x80, 0, 0, 0, 1, 7]);
    this.socket.send(message);
    for (;;) {
      const [type] = await this.take(1);
      if (type === 2 || type === 150) continue;
      if (type !== 248) throw new Error(`Unexpected message ${type}`);
      if (!(await this.fenceBody(true))) return;
    }
  }

  close(): void {
    this.socket.terminate();
  }
}
