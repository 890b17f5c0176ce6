/**
 * Bytes of the X protocol, version 11, little-endian (X.Org, "X Window System Protocol", appendix B: Protocol Encoding).
 * Only the requests that windows and the clipboard need.
 */
export const pad4 = (length: number): number => (4 - (length % 4)) % 4;

/** A request: opcode, its data byte, then 32-bit words or bytes. The length field counts 4-byte units. */
export function request(opcode: number, data: number, ...parts: (number | Buffer)[]): Buffer {
  const bodies = parts.map((part) => (typeof part === 'number' ? word(part) : padded(part)));
  const body = Buffer.concat(bodies);
  const units = 1 + body.length / 4;
  // BIG-REQUESTS: a zero length, then a 32-bit one that counts itself.
  const big = units > 0xffff;
  const header = Buffer.alloc(big ? 8 : 4);
  header.writeUInt8(opcode, 0);
  header.writeUInt8(data, 1);
  if (big) header.writeUInt32LE(units + 1, 4);
  else header.writeUInt16LE(units, 2);
  return Buffer.concat([header, body]);
}

export function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0, 0);
  return bytes;
}
export function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16LE(value & 0xffff, index * 2));
  return bytes;
}
const padded = (bytes: Buffer): Buffer =>
  pad4(bytes.length) === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(pad4(bytes.length))]);

export const opcode = {
  createWindow: 1,
  changeWindowAttributes: 2,
  getGeometry: 14,
  internAtom: 16,
  changeProperty: 18,
  deleteProperty: 19,
  getProperty: 20,
  setSelectionOwner: 22,
  getSelectionOwner: 23,
  convertSelection: 24,
  sendEvent: 25,
  translateCoordinates: 40,
  queryExtension: 98,
} as const;

export const eventCode = {
  propertyNotify: 28,
  selectionClear: 29,
  selectionRequest: 30,
  selectionNotify: 31,
  clientMessage: 33,
} as const;

export const propertyChangeMask = 0x40_0000;

/** The connection's first message: little-endian, version 11.0, no key. */
export function setupRequest(): Buffer {
  const header = Buffer.alloc(12);
  header.write('l', 0, 'latin1');
  header.writeUInt16LE(11, 2);
  return header;
}

export interface Setup {
  idBase: number;
  root: number;
}

/** The server's answer to the setup, whole (8 bytes and as many words as its bytes 6 and 7 say). */
export function readSetup(answer: Buffer): Setup {
  if (answer.readUInt8(0) !== 1) throw new Error('the X server refused the connection');
  const vendor = answer.readUInt16LE(24);
  const formats = answer.readUInt8(29);
  const screen = 40 + vendor + pad4(vendor) + formats * 8;
  return { idBase: answer.readUInt32LE(12), root: answer.readUInt32LE(screen) };
}
