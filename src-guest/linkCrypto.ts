import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { LinkCrypto } from '@shared/linkHandshake';

/** The handshake's cryptography on Node, for both ends. */
export const linkCrypto: LinkCrypto = {
  nonce: () => randomBytes(32).toString('base64url'),
  mac: (secret, text) => createHmac('sha256', secret).update(text).digest('base64url'),
  same(left, right) {
    const a = Buffer.from(left);
    const b = Buffer.from(right);
    return a.length === b.length && timingSafeEqual(a, b);
  },
};
