import { RectWalker, type RectHead } from './rectWalker';
import { RfbError, SERVER, type PixelFormat } from './wire';

/** What a walk over a server's stream tells as it goes. Views are valid during the call only. */
export interface ServerSink {
  /** A message begins at `offset` of the chunk being pushed. */
  message?(type: number, offset: number): void;
  rectBegin?(rect: RectHead): void;
  /** CopyRect's source. */
  copy?(rect: RectHead, sourceX: number, sourceY: number): void;
  /** Part of a rectangle's payload: for Raw, its pixels in order. */
  body?(chunk: Buffer, from: number, to: number): void;
  rectEnd?(rect: RectHead): void;
  updateEnd?(): void;
  /** A clipboard of `length` bytes follows as body; `extended`: in the Extended Clipboard's form. */
  cutTextBegin?(length: number, extended: boolean): void;
  cutTextEnd?(): void;
  fence?(flags: number, payload: Buffer): void;
  endOfContinuousUpdates?(): void;
}

const MAX_CUT_TEXT = 64 * 1024 * 1024;

type Step = (head: Buffer) => void;

/**
 * Walks a server's byte stream, split anywhere, without decoding or keeping more than the few bytes of a header:
 * it knows where messages begin and how long each rectangle is, for the encodings in rectWalker.ts. Used by the hub,
 * which reads the pixels as they pass, and by the relay, which must know which bytes are which kind of message.
 * RfbError for anything whose length can't be known; the stream must not be used after that.
 */
export class ServerWalker {
  private readonly store = Buffer.alloc(128);
  private filled = 0;
  private need = 1;
  private step: Step;
  private bodyLeft = 0;
  private afterBody: () => void = () => {};
  private atMessage = true;
  private rectsLeft = 0;
  private readonly rects: RectWalker;

  constructor(
    private readonly sink: ServerSink,
    format: PixelFormat,
  ) {
    this.step = this.type;
    this.rects = new RectWalker(format, {
      head: (need, step) => this.wantHead(need, step),
      body: (length, after) => this.wantBody(length, after),
      copy: (rect, x, y) => this.sink.copy?.(rect, x, y),
      done: (rect) => this.rectDone(rect),
    });
  }

  /** The format of pixels from here on; only while no update is under way. */
  setFormat(format: PixelFormat): void {
    this.rects.format = format;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.bodyLeft > 0) {
        const end = Math.min(chunk.length, at + this.bodyLeft);
        this.bodyLeft -= end - at;
        this.sink.body?.(chunk, at, end);
        at = end;
        if (this.bodyLeft === 0) this.afterBody();
        continue;
      }
      if (this.atMessage) {
        this.atMessage = false;
        this.sink.message?.(chunk.readUInt8(at), at);
      }
      const missing = this.need - this.filled;
      const end = Math.min(chunk.length, at + missing);
      if (this.filled === 0 && end - at === this.need) {
        this.step(chunk.subarray(at, end));
      } else {
        chunk.copy(this.store, this.filled, at, end);
        this.filled += end - at;
        if (this.filled === this.need) {
          const head = this.store.subarray(0, this.filled);
          this.filled = 0;
          this.step(head);
        }
      }
      at = end;
    }
  }

  private wantHead(need: number, step: Step): void {
    this.need = need;
    this.step = step;
  }
  private wantBody(length: number, after: () => void): void {
    this.bodyLeft = length;
    this.afterBody = after;
    if (length === 0) after();
  }
  private nextMessage = (): void => {
    this.atMessage = true;
    this.wantHead(1, this.type);
  };

  private type: Step = (head) => {
    switch (head[0]) {
      case SERVER.update:
        return this.wantHead(3, (rest) => {
          this.rectsLeft = rest.readUInt16BE(1);
          this.nextRect();
        });
      case SERVER.colourMap:
        return this.wantHead(5, (rest) => this.wantBody(rest.readUInt16BE(3) * 6, this.nextMessage));
      case SERVER.bell:
        return this.nextMessage();
      case SERVER.cutText:
        return this.wantHead(7, (rest) => {
          // Negative in the Extended Clipboard.
          const signed = rest.readInt32BE(3);
          const length = Math.abs(signed);
          if (length > MAX_CUT_TEXT) throw new RfbError(`a clipboard of ${length} bytes`);
          this.sink.cutTextBegin?.(length, signed < 0);
          this.wantBody(length, () => {
            this.nextMessage();
            this.sink.cutTextEnd?.();
          });
        });
      case SERVER.endOfContinuousUpdates:
        this.nextMessage();
        return this.sink.endOfContinuousUpdates?.();
      case SERVER.fence:
        return this.wantHead(8, (rest) => this.fenceHead(rest.readUInt32BE(3), rest.readUInt8(7)));
      default:
        throw new RfbError(`unknown server message ${head[0]}`);
    }
  };

  private fenceHead(flags: number, length: number): void {
    if (length > 64) throw new RfbError(`a fence of ${length} bytes`);
    const finish = (payload: Buffer) => {
      this.nextMessage();
      this.sink.fence?.(flags, payload);
    };
    if (length === 0) finish(Buffer.alloc(0));
    else this.wantHead(length, finish);
  }

  private nextRect(): void {
    if (this.rectsLeft === 0) {
      this.nextMessage();
      this.sink.updateEnd?.();
      return;
    }
    // 65535 rectangles stand for "until LastRect" (-224).
    if (this.rectsLeft !== 0xffff) this.rectsLeft--;
    this.wantHead(12, (head) => {
      const rect: RectHead = {
        x: head.readUInt16BE(0),
        y: head.readUInt16BE(2),
        width: head.readUInt16BE(4),
        height: head.readUInt16BE(6),
        encoding: head.readInt32BE(8),
      };
      this.sink.rectBegin?.(rect);
      this.rects.begin(rect);
    });
  }

  private rectDone(rect: RectHead): void {
    this.sink.rectEnd?.(rect);
    if (rect.encoding === -224) this.rectsLeft = 0;
    this.nextRect();
  }
}
