import type { Duplex } from 'node:stream';
import { readPixelFormat, RfbError, type PixelFormat } from './wire';

export interface ServerInit {
  width: number;
  height: number;
  format: PixelFormat;
  /** The 20 bytes before the name: size and pixel format, as the server sent them. */
  head: Buffer;
}

const VERSION = Buffer.from('RFB 003.008\n');
const SECURITY_NONE = 1;
const MAX_NAME = 4096;

/**
 * Opens RFB 3.8 with security None on a fresh stream, as a client that shares the screen, and leaves the stream paused
 * with everything after ServerInit unread. RfbError when the other side is no such server; the signal's reason when aborted.
 * Source: RFC 6143, 7.1 to 7.3.
 */
export async function openSession(stream: Duplex, signal: AbortSignal): Promise<ServerInit> {
  const read = (bytes: number) => readExactly(stream, bytes, signal);
  const version = await read(12);
  if (!version.equals(VERSION)) throw new RfbError('the server does not speak RFB 3.8');
  stream.write(VERSION);
  const types = await read((await read(1)).readUInt8(0));
  if (!types.includes(SECURITY_NONE)) throw new RfbError('the server wants a password');
  stream.write(Buffer.from([SECURITY_NONE]));
  if ((await read(4)).readUInt32BE(0) !== 0) throw new RfbError('the server refused the connection');
  stream.write(Buffer.from([1]));
  const init = await read(24);
  const nameLength = init.readUInt32BE(20);
  if (nameLength > MAX_NAME) throw new RfbError(`a desktop name of ${nameLength} bytes`);
  await read(nameLength);
  const format = readPixelFormat(init.subarray(4, 20));
  return { width: init.readUInt16BE(0), height: init.readUInt16BE(2), format, head: init.subarray(0, 20) };
}

/** Exactly so many bytes from a paused stream. */
function readExactly(stream: Duplex, bytes: number, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      const chunk = bytes === 0 ? Buffer.alloc(0) : (stream.read(bytes) as Buffer | null);
      if (!chunk) return;
      finish();
      // At its end a stream hands out what is left, however little.
      if (chunk.length === bytes) resolve(chunk);
      else reject(new RfbError('the connection ended in the middle of its greeting'));
    };
    const failed = (error?: Error) => {
      finish();
      reject(error ?? new RfbError('the connection ended before its greeting'));
    };
    const ended = () => failed();
    const aborted = () => failed(signal.reason as Error);
    const finish = () => {
      stream.off('readable', attempt);
      stream.off('end', ended);
      stream.off('close', ended);
      stream.off('error', failed);
      signal.removeEventListener('abort', aborted);
    };
    if (signal.aborted) return reject(signal.reason);
    if (stream.destroyed || stream.readableEnded) return failed();
    stream.on('readable', attempt);
    stream.on('end', ended);
    stream.on('close', ended);
    stream.on('error', failed);
    signal.addEventListener('abort', aborted, { once: true });
    attempt();
  });
}
