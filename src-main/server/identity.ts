import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Token } from '@shared/ipc';
import { idSchema } from '@shared/ids';
import type { Caller } from '../base/caller';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import type { TokenStore } from '../store/tokens';

export type Role = Caller['role'];
export const roles = ['agent', 'operator', 'admin'] as const;

export const tokenCreateSchema = z.strictObject({
  name: z.string().trim().min(1).max(60),
  role: z.enum(roles),
  /** Pools an agent may acquire from; empty: all. */
  pools: z.array(idSchema).max(200).default([]),
});
export type TokenCreate = z.input<typeof tokenCreateSchema>;

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

/** How old a token's "last used" may be, so that not every request costs a commit. */
const usedEveryMs = 60_000;

/**
 * Tokens are `whl_<role>_<secret>`: the prefix lets secret scanners find a leaked one. They are stored and looked up by
 * their SHA-256, a value that an attacker can't steer, so that the time of a comparison tells nothing. There is no
 * cache: one indexed read costs microseconds, and so a token made or withdrawn by another process counts at once.
 */
export function createIdentity(options: {
  tokens: TokenStore;
  clock: Clock;
  ids: Ids;
  /** The person's at this computer, whose token is never stored: no agent may have it, since sessions belong to names. */
  ownName?: string;
  /** At a token's first accepted request in this process. */
  onAccepted?: (tokenId: string) => void;
}): Identity {
  const { tokens, clock, ids, ownName, onAccepted } = options;
  /** By hash, as in the store. */
  const ephemeral = new Map<string, Caller>();
  const lastUsed = new Map<string, number>();

  const noteUse = (tokenId: string): void => {
    const now = clock.now();
    const before = lastUsed.get(tokenId);
    if (before !== undefined && now - before < usedEveryMs) return;
    lastUsed.set(tokenId, now);
    tokens.used(tokenId, iso(now));
    if (before !== undefined) return;
    tokens.note(tokenId, iso(now), { reached: true, accepted: true });
    onAccepted?.(tokenId);
  };

  return {
    create(input) {
      const parsed = tokenCreateSchema.safeParse(input);
      if (!parsed.success) throw new WheelhouseError('bad_request', z.prettifyError(parsed.error));
      const { name, role, pools } = parsed.data;
      if (role === 'agent' && name === ownName) {
        throw new WheelhouseError('conflict', `“${name}” is the person at this computer. Choose another name.`);
      }
      const secret = `whl_${role}_${ids.secret()}`;
      const createdAt = iso(clock.now());
      return { token: tokens.create({ tokenId: ids.make('tok'), secret, name, role, pools, createdAt }), secret };
    },
    list: () => tokens.list(),
    withdraw(tokenId) {
      tokens.withdraw(tokenId, iso(clock.now()));
      lastUsed.delete(tokenId);
    },
    authenticate(secret) {
      if (!pattern.test(secret)) return null;
      const passing = ephemeral.get(sha256(secret));
      if (passing) return passing;
      const token = tokens.find(secret);
      if (!token) return null;
      noteUse(token.tokenId);
      return { tokenId: token.tokenId, name: token.name, role: token.role, pools: token.pools };
    },
    stands: (tokenId) =>
      [...ephemeral.values()].some((caller) => caller.tokenId === tokenId) || tokens.get(tokenId) !== undefined,
    createEphemeral(name, role) {
      const secret = `whl_${role}_${ids.secret()}`;
      const hash = sha256(secret);
      ephemeral.set(hash, { tokenId: ids.make('tok'), name, role, pools: [] });
      return { secret, withdraw: () => void ephemeral.delete(hash) };
    },
  };
}
