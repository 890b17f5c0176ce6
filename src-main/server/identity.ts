import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Token } from '@shared/ipc';
import { idSchema } from '@shared/ids';
import type { Caller } from '../base/caller';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';

export type Role = Caller['role'];
export const roles = ['agent', 'operator', 'admin'] as const;

export const tokenCreateSchema = z.strictObject({
  name: z.string().trim().min(1).max(60),
  role: z.enum(roles),
  /** Pools an agent may acquire from; empty: all. */
  pools: z.array(idSchema).max(200).default([]),
});
export type TokenCreate = z.input<typeof tokenCreateSchema>;

/** One stored token: its secret only as SHA-256, lower-case hex. */
export interface TokenRow extends Token {
  hash: string;
}

/** The store's side of tokens. Live tokens only: a withdrawn one is gone. */
export interface TokenRecords {
  insert(row: TokenRow): void;
  byHash(hash: string): TokenRow | null;
  get(tokenId: string): TokenRow | null;
  list(): TokenRow[];
  withdraw(tokenId: string, at: string): boolean;
  used(tokenId: string, at: string): void;
}

export interface Identity {
  /** The secret is in this answer only. conflict: the name is taken (sessions belong to names). */
  create(input: TokenCreate): { token: Token; secret: string };
  list(): Token[];
  /** not_found when there is none. From then on no request with it is accepted, by this process or another. */
  withdraw(tokenId: string): void;
  /** Who a bearer token belongs to; null when to nobody. */
  authenticate(secret: string): Caller | null;
  /** Long-lived streams ask again whether their token still stands. */
  stands(tokenId: string): boolean;
  /** A token of this process alone: never stored, gone with it. */
  createEphemeral(name: string, role: Role): { secret: string; withdraw(): void };
}

const pattern = /^whl_(agent|operator|admin)_[A-Za-z0-9_-]{20,128}$/;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const same = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** How old a token's "last used" may be, so that not every request costs a commit. */
const usedEveryMs = 60_000;

/**
 * Tokens are `whl_<role>_<secret>`: the prefix lets secret scanners find a leaked one. Only the hash is stored, so the
 * lookup is by a value an attacker cannot steer; the match is compared in constant time all the same. There is no
 * cache: one indexed read costs microseconds, and so a token made or withdrawn by another process counts at once.
 */
export function createIdentity(options: { records: TokenRecords; clock: Clock; ids: Ids }): Identity {
  const { records, clock, ids } = options;
  const ephemeral = new Map<string, Caller>();
  const lastUsed = new Map<string, number>();

  const noteUse = (tokenId: string): void => {
    const now = clock.now();
    if (now - (lastUsed.get(tokenId) ?? -Infinity) < usedEveryMs) return;
    lastUsed.set(tokenId, now);
    records.used(tokenId, iso(now));
  };

  return {
    create(input) {
      const parsed = tokenCreateSchema.safeParse(input);
      if (!parsed.success) throw new WheelhouseError('bad_request', z.prettifyError(parsed.error));
      const { name, role, pools } = parsed.data;
      if (records.list().some((row) => row.name === name)) {
        throw new WheelhouseError(
          'conflict',
          `A token named "${name}" exists. Withdraw it first, or choose another name.`,
        );
      }
      const secret = `whl_${role}_${ids.secret()}`;
      const token: Token = {
        tokenId: ids.make('tok'),
        name,
        role,
        pools,
        createdAt: iso(clock.now()),
        lastUsedAt: null,
      };
      records.insert({ ...token, hash: sha256(secret) });
      return { token, secret };
    },
    list: () => records.list().map(({ hash: _, ...token }) => token),
    withdraw(tokenId) {
      if (!records.withdraw(tokenId, iso(clock.now())))
        throw new WheelhouseError('not_found', 'There is no such token.');
      lastUsed.delete(tokenId);
    },
    authenticate(secret) {
      if (!pattern.test(secret)) return null;
      const hash = sha256(secret);
      const passing = ephemeral.get(hash);
      if (passing) return passing;
      const row = records.byHash(hash);
      if (!row || !same(row.hash, hash)) return null;
      noteUse(row.tokenId);
      return { tokenId: row.tokenId, name: row.name, role: row.role, pools: row.pools };
    },
    stands: (tokenId) =>
      [...ephemeral.values()].some((caller) => caller.tokenId === tokenId) || records.get(tokenId) !== null,
    createEphemeral(name, role) {
      const secret = `whl_${role}_${ids.secret()}`;
      const hash = sha256(secret);
      ephemeral.set(hash, { tokenId: ids.make('tok'), name, role, pools: [] });
      return { secret, withdraw: () => void ephemeral.delete(hash) };
    },
  };
}
