import type { Duplex } from 'node:stream';
import { WheelhouseError } from '../../base/errors';
import { openSession } from '../rfb/handshake';
import { ServerWalker } from '../rfb/serverWalker';
import { ENCODING, setEncodings, setRgbxFormat, updateRequest } from '../rfb/wire';

/**
 * Pixels of the column at the left edge that is looked at first. It crosses all that lies on a desktop from top to
 * bottom; a whole picture, of megabytes, takes an emulated machine five times as long as all the rest of its check.
 */
const columnWidth = 8;

export interface Glance {
  width: number;
  height: number;
  /** The whole screen has one colour. */
  blank: boolean;
}

/**
 * Opens RFB on a fresh stream, looks once, and ends the stream. The whole picture is asked for only where a narrow column
 * of it has a single colour. Rejects with guest_failed, or the signal's reason.
 */
export async function glance(stream: Duplex, signal: AbortSignal): Promise<Glance> {
  stream.on('error', () => {});
  try {
    const { width, height } = await openSession(stream, signal);
    stream.write(Buffer.concat([setRgbxFormat(), setEncodings([ENCODING.raw])]));
    const look = looks(stream, signal);
    const column = Math.min(columnWidth, width);
    const differ = (await look(column, height)) || (column < width && (await look(width, height)));
    return { width, height, blank: !differ };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const words = error instanceof Error ? error.message : String(error);
    throw new WheelhouseError('guest_failed', `The machine's screen was not seen: ${words}.`, {}, { cause: error });
  } finally {
    stream.destroy();
  }
}

/** Whether pixels of four bytes, the last of which says nothing, differ from the first one. */
class Colours {
  differ = false;
  private readonly first: number[] = [];

  take(chunk: Buffer, from: number, to: number, painted: number): void {
    for (let at = from; at < to && !this.differ; at += 1) {
      const channel = (painted + at - from) % 4;
      if (channel === 3) continue;
      const value = chunk[at] ?? 0;
      this.first[channel] ??= value;
      this.differ = this.first[channel] !== value;
    }
  }
}

/** Asks for an area from the origin, takes in what comes until it is covered, and says whether its colours differ. */
function looks(stream: Duplex, signal: AbortSignal): (width: number, height: number) => Promise<boolean> {
  const colours = new Colours();
  let missing = 0;
  let painted: number | null = null;
  let settle: (error: unknown) => void = () => {};
  const walker = new ServerWalker(
    {
      rectBegin(rect) {
        painted = 0;
        missing -= rect.width * rect.height;
      },
      body(chunk, from, to) {
        if (painted === null) return;
        colours.take(chunk, from, to, painted);
        painted += to - from;
      },
      // Bytes of no picture.
      cutTextBegin: () => (painted = null),
      updateEnd: () => missing <= 0 && settle(null),
    },
    { bytesPerPixel: 4, tightBytes: 3 },
  );
  stream.on('data', (chunk: Buffer) => {
    try {
      walker.push(chunk);
    } catch (error) {
      settle(error);
    }
  });
  for (const event of ['close', 'end']) stream.on(event, () => settle(new Error('the connection ended')));
  signal.addEventListener('abort', () => settle(signal.reason), { once: true });
  return (width, height) =>
    new Promise((resolve, reject) => {
      missing = width * height;
      settle = (error) => (error === null ? resolve(colours.differ) : reject(error));
      if (stream.destroyed) return settle(new Error('the connection ended'));
      stream.write(updateRequest(false, width, height));
    });
}
