import { deflateSync, inflateSync } from 'node:zlib';
import { CLIENT } from './wire';

/**
 * The Extended Clipboard (rfbproto, "Extended Clipboard Pseudo-Encoding"): either side announces text, asks for it and
 * sends it on demand, in UTF-8, where the old cut text is Latin-1 and sent unasked.
 */
const TEXT = 1;
const ACTION = { caps: 1 << 24, request: 1 << 25, notify: 1 << 27, provide: 1 << 28 } as const;

export const MAX_CLIPBOARD_TEXT = 1024 * 1024;

const message = (flags: number, body: Uint8Array = Buffer.alloc(0)): Buffer => {
  const out = Buffer.alloc(12 + body.length);
  out[0] = CLIENT.cutText;
  out.writeInt32BE(-(4 + body.length), 4);
  out.writeUInt32BE(flags >>> 0, 8);
  out.set(body, 12);
  return out;
};

export const clipboardMessage = {
  /** What this side can do. A size of 0: nothing is to be sent unasked. */
  caps: (): Buffer => message(ACTION.caps | ACTION.request | ACTION.notify | ACTION.provide | TEXT, Buffer.alloc(4)),
  /** Text is to be had here, or no longer. */
  notify: (available: boolean): Buffer => message(ACTION.notify | (available ? TEXT : 0)),
  request: (): Buffer => message(ACTION.request | TEXT),
  provide(text: string): Buffer {
    const bytes = Buffer.from(`${text.replace(/\r?\n/g, '\r\n')}\0`);
    const sized = Buffer.alloc(4 + bytes.length);
    sized.writeUInt32BE(bytes.length);
    bytes.copy(sized, 4);
    return message(ACTION.provide | TEXT, deflateSync(sized));
  },
};

export type ClipboardEvent =
  | { kind: 'caps' }
  | { kind: 'request' }
  | { kind: 'notify'; text: boolean }
  | { kind: 'provide'; text: string }
  | { kind: 'other' };

/** Reads a message's flags and body. What makes no sense, or is too large, is `other`: a guest's clipboard harms nobody. */
export function readClipboard(bytes: Buffer): ClipboardEvent {
  if (bytes.length < 4) return { kind: 'other' };
  const flags = bytes.readUInt32BE(0);
  if (flags & ACTION.caps) return { kind: 'caps' };
  if (flags & ACTION.notify) return { kind: 'notify', text: (flags & TEXT) !== 0 };
  if (flags & ACTION.request) return flags & TEXT ? { kind: 'request' } : { kind: 'other' };
  if (!(flags & ACTION.provide) || !(flags & TEXT)) return { kind: 'other' };
  try {
    const body = inflateSync(bytes.subarray(4), { maxOutputLength: MAX_CLIPBOARD_TEXT });
    const text = body.subarray(4, 4 + body.readUInt32BE(0)).toString('utf8');
    return { kind: 'provide', text: text.replace(/\0[\s\S]*$/, '').replace(/\r\n/g, '\n') };
  } catch {
    return { kind: 'other' };
  }
}
