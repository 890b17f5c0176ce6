import { createHash } from 'node:crypto';

/**
 * What the guest may know of the sign-in code: a salt and a SHA-256 over the salt's bytes and the six digits, as the
 * shop-floor site reads them (resources/images/desktop/shop/server.mjs). The code itself stays with people.
 */
export function hashedCode(code: string, salt: Buffer): Buffer {
  const sha256 = createHash('sha256').update(salt).update(code).digest('hex');
  return Buffer.from(`${JSON.stringify({ salt: salt.toString('hex'), sha256 })}\n`);
}

/** "482 913", as people read it. */
export const spacedCode = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`;

export const codeFile = '/home/session/.shop-floor/code.json';
