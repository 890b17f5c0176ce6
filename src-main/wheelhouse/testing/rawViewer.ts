import { WebSocket } from 'ws';

/** A minimal RFB 3.8 client over WebSocket: enough to stand before the gate and try things. */
export class RawViewer {
  private heard = Buffer.alloc(0);
  private wake: () => void = () => undefined;
  closedWith: number | null = null;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.heard = Buffer.concat([this.heard, data]);
      this.wake();
    });
    socket.on('close', (code) => {
      this.closedWith = code;
      this.wake();
    });
    socket.on('error', () => this.wake());
  }

  /** Connects and goes through the handshake up to ServerInit. */
  static async open(url: string): Promise<RawViewer> {
    const viewer = new RawViewer(new WebSocket(url, ['binary']));
    await viewer.take(12);
    viewer.socket.send(Buffer.from('RFB 003.008\n'));
    const [count] = await viewer.take(1);
    await viewer.take(count!);
    viewer.socket.send(Buffer.from([1]));
    await viewer.take(4);
    viewer.socket.send(Buffer.from([1]));
    const init = await viewer.take(24);
    await viewer.take(init.readUInt32BE(20));
    return viewer;
  }

  key(keysym: number, down: boolean): void {
    const message = Buffer.alloc(8);
    message[0] = 4;
    message[1] = down ? 1 : 0;
    message.writeUInt32BE(keysym, 4);
    this.socket.send(message);
  }
  click(x: number, y: number): void {
    for (const mask of [1, 0]) {
      const message = Buffer.alloc(6);
      message[0] = 5;
      message[1] = mask;
      message.writeUInt16BE(x, 2);
      message.writeUInt16BE(y, 4);
      this.socket.send(message);
    }
  }
  close(): void {
    this.socket.close();
  }

  private async take(bytes: number): Promise<Buffer> {
    const deadline = setTimeout(() => this.socket.terminate(), 5_000);
    try {
      while (this.heard.length < bytes) {
        if (this.closedWith !== null) throw new Error(`The screen closed with ${this.closedWith}.`);
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
    } finally {
      clearTimeout(deadline);
    }
    const taken = this.heard.subarray(0, bytes);
    this.heard = this.heard.subarray(bytes);
    return taken;
  }
}
