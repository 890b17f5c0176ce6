import { randomBytes, randomUUID } from 'node:crypto';

/** Ids and randomness are passed in, so that tests can repeat them. */
export interface Ids {
  /** A short id with a kind before it: `m_4f2a…`, unguessable enough for names, never used as a secret. */
  make(kind: string): string;
  uuid(): string;
  /** 256 random bits, base64url: tokens, tickets, guest secrets. */
  secret(): string;
}

export const systemIds: Ids = {
  make: (kind) => `${kind}_${randomBytes(8).toString('hex')}`,
  uuid: () => randomUUID(),
  secret: () => randomBytes(32).toString('base64url'),
};

/** Counts up; for tests. */
export function countingIds(): Ids {
  let n = 0;
  return {
    make: (kind) => `${kind}_${String(++n).padStart(4, '0')}`,
    uuid: () => `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`,
    secret: () => `secret-${String(++n).padStart(36, '0')}`,
  };
}
