import { openSync, readSync } from 'node:fs';
import { linkCrypto } from '../linkCrypto';

let device: number | null = null;

/**
 * Random bytes from the kernel, read at this moment. OpenSSL's generator lies in this program's memory, and machines
 * that wake from one saved memory would draw the same from it; the kernel's is reseeded as they wake.
 */
export function kernelRandom(count: number): Buffer {
  device ??= openSync('/dev/urandom', 'r');
  const bytes = Buffer.alloc(count);
  for (let filled = 0; filled < count;) filled += readSync(device, bytes, filled, count - filled, null);
  return bytes;
}

export const guestCrypto = { ...linkCrypto, nonce: () => kernelRandom(32).toString('base64url') };
