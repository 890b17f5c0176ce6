import type { XConnection } from './connection';
import { opcode, request, word } from './wire';

export interface Property {
  type: number;
  data: Buffer;
  /** Bytes of the property beyond the ones asked for. */
  more: number;
}

/** A window's property, at most `maxBytes` of it; null when it has none. */
export async function getProperty(
  x: XConnection,
  window: number,
  name: number,
  maxBytes = 64 * 1024,
): Promise<Property | null> {
  const anyType = 0;
  const reply = await x.ask(request(opcode.getProperty, 0, window, name, anyType, 0, Math.ceil(maxBytes / 4)));
  const type = reply.readUInt32LE(8);
  if (type === 0) return null;
  const bytes = (reply.readUInt32LE(16) * reply.readUInt8(1)) / 8;
  return { type, data: reply.subarray(32, 32 + bytes), more: reply.readUInt32LE(12) };
}

/** A property of 32-bit values: windows, atoms, numbers. */
export async function getWords(x: XConnection, window: number, name: string): Promise<number[]> {
  const property = await getProperty(x, window, await x.atom(name));
  if (!property) return [];
  const words: number[] = [];
  for (let at = 0; at + 4 <= property.data.length; at += 4) words.push(property.data.readUInt32LE(at));
  return words;
}

/** Replaces a property. `format` is the bits of one element: 8 or 32. */
export function setProperty(
  x: XConnection,
  window: number,
  name: number,
  type: number,
  format: 8 | 32,
  data: Buffer,
): void {
  const kind = word(format);
  x.send(request(opcode.changeProperty, 0, window, name, type, kind, data.length / (format / 8), data));
}
