/**
 * Numbers and encoders of the RFB protocol (RFC 6143; fences, continuous updates and cursor extensions from the
 * community specification, rfbproto). Everything is big-endian.
 */
export const CLIENT = {
  setPixelFormat: 0,
  setEncodings: 2,
  updateRequest: 3,
  key: 4,
  pointer: 5,
  cutText: 6,
  continuousUpdates: 150,
  fence: 248,
  xvp: 250,
  setDesktopSize: 251,
  gii: 253,
  qemu: 255,
} as const;

export const SERVER = {
  update: 0,
  colourMap: 1,
  bell: 2,
  cutText: 3,
  endOfContinuousUpdates: 150,
  fence: 248,
} as const;

export const ENCODING = {
  raw: 0,
  copyRect: 1,
  tight: 7,
  zrle: 16,
  desktopSize: -223,
  lastRect: -224,
  cursor: -239,
  xCursor: -240,
  fence: -312,
  continuousUpdates: -313,
  extendedClipboard: 0xc0a1e5ce | 0,
  vmwareCursor: 0x574d5664,
  vmwareCursorPosition: 0x574d5666,
} as const;

export const FENCE = { blockBefore: 1, blockAfter: 2, syncNext: 4, request: 0x80000000 } as const;

/** Broken or hostile bytes. The connection that carried them ends; nothing else does. */
export class RfbError extends Error {
  override name = 'RfbError';
}

export interface PixelFormat {
  bytesPerPixel: 1 | 2 | 4;
  /** Bytes of a pixel inside Tight: 3 when the format is 8 bits a channel in 32, else bytesPerPixel. */
  tightBytes: number;
}

/** Reads the 16 bytes of a PIXEL_FORMAT. RfbError when the size of a pixel is none of 8, 16, 32 bits. */
export function readPixelFormat(bytes: Buffer): PixelFormat {
  const bits = bytes.readUInt8(0);
  if (bits !== 8 && bits !== 16 && bits !== 32) throw new RfbError(`pixels of ${bits} bits`);
  const full = [4, 6, 8].every((at) => bytes.readUInt16BE(at) === 255);
  const packed = bits === 32 && bytes[1] === 24 && bytes[3] !== 0 && full;
  const bytesPerPixel = (bits / 8) as 1 | 2 | 4;
  return { bytesPerPixel, tightBytes: packed ? 3 : bytesPerPixel };
}

/** The format in which a pixel's bytes are R, G, B, unused: what a picture encoder wants, so nothing is converted. */
export function setRgbxFormat(): Buffer {
  return Buffer.from([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16, 0, 0, 0]);
}

export function setEncodings(encodings: readonly number[]): Buffer {
  const out = Buffer.alloc(4 + encodings.length * 4);
  out[0] = CLIENT.setEncodings;
  out.writeUInt16BE(encodings.length, 2);
  encodings.forEach((encoding, i) => out.writeInt32BE(encoding, 4 + i * 4));
  return out;
}

const withRect = (type: number, flag: boolean, width: number, height: number): Buffer => {
  const out = Buffer.alloc(10);
  out[0] = type;
  out[1] = flag ? 1 : 0;
  out.writeUInt16BE(width, 6);
  out.writeUInt16BE(height, 8);
  return out;
};

/** Asks for the area from the origin to width x height. */
export const updateRequest = (incremental: boolean, width: number, height: number): Buffer =>
  withRect(CLIENT.updateRequest, incremental, width, height);

export const continuousUpdates = (on: boolean, width: number, height: number): Buffer =>
  withRect(CLIENT.continuousUpdates, on, width, height);

export function keyEvent(keysym: number, down: boolean): Buffer {
  const out = Buffer.alloc(8);
  out[0] = CLIENT.key;
  out[1] = down ? 1 : 0;
  out.writeUInt32BE(keysym, 4);
  return out;
}

export function pointerEvent(mask: number, x: number, y: number): Buffer {
  const out = Buffer.alloc(6);
  out[0] = CLIENT.pointer;
  out[1] = mask;
  out.writeUInt16BE(x, 2);
  out.writeUInt16BE(y, 4);
  return out;
}

/** `payload` is at most 64 bytes. */
export function fence(flags: number, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(9 + payload.length);
  out[0] = CLIENT.fence;
  out.writeUInt32BE(flags >>> 0, 4);
  out[8] = payload.length;
  out.set(payload, 9);
  return out;
}
