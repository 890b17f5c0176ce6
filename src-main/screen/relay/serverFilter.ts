import { ServerWalker } from '../rfb/serverWalker';
import { fence, readPixelFormat, SERVER, type PixelFormat } from '../rfb/wire';

/**
 * What of a server's stream may reach a viewer: everything but the clipboard (a person's clipboard must not be written
 * by a guest), byte for byte and without copying. Fences are held until whole, because some answer questions that the
 * relay asked for itself. RfbError when the stream can't be followed.
 */
export class ServerFilter {
  private readonly walker: ServerWalker;
  private out: Buffer[] = [];
  private chunk: Buffer = Buffer.alloc(0);
  private from = 0;
  private passing = true;

  /** `own` says whether a fence's answer was meant for the relay: such a one goes no further. */
  constructor(format: PixelFormat, own: (payload: Buffer) => boolean) {
    this.walker = new ServerWalker(
      {
        message: (type, offset) => {
          if (this.passing) this.cut(offset);
          this.passing = type !== SERVER.cutText && type !== SERVER.fence;
          this.from = offset;
        },
        fence: (flags, payload) => {
          const isRequest = (flags & 0x80000000) !== 0;
          if (isRequest || !own(payload)) this.out.push(fence(flags, payload));
        },
      },
      format,
    );
  }

  /** The bytes to send on, in order; views of `chunk` wherever possible. */
  push(chunk: Buffer): Buffer[] {
    this.chunk = chunk;
    this.from = 0;
    this.out = [];
    this.walker.push(chunk);
    if (this.passing) this.cut(chunk.length);
    return this.out;
  }

  /** The viewer chose its pixels (the 16 bytes of PIXEL_FORMAT). */
  setFormat(bytes: Buffer): void {
    this.walker.setFormat(readPixelFormat(bytes));
  }

  private cut(to: number): void {
    if (to <= this.from) return;
    const whole = this.from === 0 && to === this.chunk.length;
    this.out.push(whole ? this.chunk : this.chunk.subarray(this.from, to));
  }
}
