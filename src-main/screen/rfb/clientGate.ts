import type { ClientMessage } from './clientParser';
import { walkable } from './rectWalker';
import { CLIENT, ENCODING, setEncodings } from './wire';

/**
 * What a viewer's message may do: `pass` concerns its picture only; `input` would act on the machine and needs control
 * at this moment; `drop` never passes, whoever sends it.
 */
export type Verdict = { kind: 'pass'; bytes: Buffer } | { kind: 'input'; bytes: Buffer } | { kind: 'drop' };

/**
 * Never passed, also with control, because nobody needs them and each widens what a viewer can do to the machine:
 * xvp (power off, reset), SetDesktopSize (the agent's coordinates would shift), gii, and QEMU's messages. QEMU's
 * extended keys would be input like any other, but they are negotiated once a connection while control comes and goes,
 * so their encoding is stripped and clients send plain key events.
 */
export function judge({ type, bytes }: ClientMessage): Verdict {
  switch (type) {
    case CLIENT.setPixelFormat:
    case CLIENT.updateRequest:
    case CLIENT.continuousUpdates:
    case CLIENT.fence:
      return { kind: 'pass', bytes };
    case CLIENT.setEncodings:
      return { kind: 'pass', bytes: filterEncodings(bytes) };
    case CLIENT.key:
    case CLIENT.pointer:
    case CLIENT.cutText:
      return { kind: 'input', bytes };
    default:
      return { kind: 'drop' };
  }
}

const protocolExtensions = new Set<number>([ENCODING.fence, ENCODING.continuousUpdates]);

/** Pseudo-encodings that only tune compression: JPEG quality, compression level, fine quality, subsampling. */
const isTuning = (encoding: number): boolean =>
  (encoding >= -32 && encoding <= -23) ||
  (encoding >= -256 && encoding <= -247) ||
  (encoding >= -512 && encoding <= -412) ||
  (encoding >= -768 && encoding <= -763);

/**
 * A list of what is allowed rather than of what is not: encodings whose rectangles the relay can measure, so that it
 * never loses its place in the server's stream. Everything else goes, the extended clipboard (0xc0a1e5ce), extended
 * mouse buttons (-316), extended keys (-258), desktop resizing (-308), gii (-305) and xvp (-309) among it.
 */
export const mayEncode = (encoding: number): boolean =>
  walkable.has(encoding) || protocolExtensions.has(encoding) || isTuning(encoding);

function filterEncodings(bytes: Buffer): Buffer {
  const count = bytes.readUInt16BE(2);
  const wanted = Array.from({ length: count }, (_, i) => bytes.readInt32BE(4 + i * 4));
  return setEncodings(wanted.filter(mayEncode));
}
