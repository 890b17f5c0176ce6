import { drawing, type Scene } from './drawings';

export interface MockInput {
  kind: 'key' | 'pointer';
  down: boolean;
  code: number;
}

/**
 * An RFB 3.8 server in the page, in the shape of a WebSocket, for development only: it draws a scene, answers update
 * requests in raw encoding, and notes what is typed and clicked.
 */
export class MockRfbChannel {
  binaryType = 'arraybuffer';
  protocol = 'binary';
  readyState = 1;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  private stage: 'version' | 'security' | 'init' | 'normal' = 'version';
  private timer: ReturnType<typeof setInterval> | undefined;
  private wanted = false;
  private drawn = -1;
  private pixels: Uint8ClampedArray | null = null;

  constructor(
    private readonly scene: Scene,
    private readonly step: () => number,
    private readonly onInput: (input: MockInput) => void,
  ) {
    const greet = () => (this.onmessage ? this.emit(new TextEncoder().encode('RFB 003.008\n')) : setTimeout(greet, 20));
    setTimeout(greet, 20);
  }

  send(data: ArrayBufferView | ArrayBuffer): void {
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    switch (this.stage) {
      case 'version':
        this.stage = 'security';
        return this.emit(new Uint8Array([1, 1]));
      case 'security':
        this.stage = 'init';
        return this.emit(new Uint8Array([0, 0, 0, 0]));
      case 'init': {
        this.stage = 'normal';
        const name = new TextEncoder().encode('<b>mock</b>');
        const head = new DataView(new ArrayBuffer(24));
        head.setUint16(0, 1280);
        head.setUint16(2, 800);
        [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0].forEach((value, index) => head.setUint8(4 + index, value));
        head.setUint32(20, name.length);
        this.emit(new Uint8Array([...new Uint8Array(head.buffer), ...name]));
        this.timer = setInterval(() => void this.draw(), 500);
        return void this.draw();
      }
      case 'normal':
        return this.read(bytes);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.readyState = 3;
    this.onclose?.({ code: 1000, reason: '' });
  }

  private read(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      switch (bytes[at]) {
        case 0:
          at += 20;
          break;
        case 2:
          at += 4 + 4 * view.getUint16(at + 2);
          break;
        case 3:
          this.wanted = true;
          if (bytes[at + 1] === 0) this.update();
          at += 10;
          break;
        case 4:
          this.onInput({ kind: 'key', down: bytes[at + 1] === 1, code: view.getUint32(at + 4) });
          at += 8;
          break;
        case 5:
          this.onInput({ kind: 'pointer', down: (bytes[at + 1] ?? 0) > 0, code: bytes[at + 1] ?? 0 });
          at += 6;
          break;
        default:
          at = bytes.length;
      }
    }
  }

  private async draw(): Promise<void> {
    const step = this.step();
    if (step === this.drawn) return;
    this.drawn = step;
    const image = new Image();
    image.src = `data:image/svg+xml;utf8,${encodeURIComponent(drawing(this.scene, step))}`;
    await image.decode();
    const canvas = new OffscreenCanvas(1280, 800);
    const context = canvas.getContext('2d');
    if (!context || this.readyState !== 1) return;
    context.drawImage(image, 0, 0);
    this.pixels = context.getImageData(0, 0, 1280, 800).data;
    if (this.wanted) this.update();
  }

  private update(): void {
    if (!this.pixels) return;
    this.wanted = false;
    const head = new DataView(new ArrayBuffer(16));
    head.setUint16(2, 1);
    head.setUint16(8, 1280);
    head.setUint16(10, 800);
    const out = new Uint8Array(16 + this.pixels.length);
    out.set(new Uint8Array(head.buffer));
    out.set(this.pixels, 16);
    this.emit(out);
  }

  private emit(bytes: Uint8Array): void {
    const data = bytes.slice().buffer as ArrayBuffer;
    // As on a wire: never inside the other side's send.
    setTimeout(() => this.readyState === 1 && this.onmessage?.({ data }));
  }
}
