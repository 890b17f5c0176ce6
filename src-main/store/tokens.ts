import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Token, TokenProgress } from '@shared/ipc';
import { idSchema, timeSchema } from '@shared/ids';
import { WheelhouseError } from '../base/errors';
import { sql, transaction, type Database } from './database';

const rowSchema = z.object({
  id: idSchema,
  name: z.string(),
  role: z.enum(['agent', 'operator', 'admin']),
  pools: z.string(),
  created_at: timeSchema,
  last_used_at: timeSchema.nullable(),
  withdrawn_at: timeSchema.nullable(),
  reached_at: timeSchema.nullable(),
  accepted_at: timeSchema.nullable(),
  first_tool_at: timeSchema.nullable(),
  first_tool: z.string().nullable(),
  client: z.string().nullable(),
});
type Row = z.output<typeof rowSchema>;

const tokenOf = (row: Row): Token => ({
  tokenId: row.id,
  name: row.name,
  role: row.role,
  pools: z.array(idSchema).parse(JSON.parse(row.pools)),
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
});

export interface NewToken {
  tokenId: string;
  /** The whole token as the caller will send it; only its SHA-256 is kept. At least 128 bits of randomness. */
  secret: string;
  name: string;
  role: Token['role'];
  pools: string[];
  createdAt: string;
}

/**
 * Tokens. Another process may make or withdraw one while a broker runs, so every lookup reads the database.
 * A name is unique among those in use: it is the caller's identity, and the replacement of a withdrawn token inherits it.
 */
export interface TokenStore {
  /** conflict when the name is taken. */
  create(token: NewToken): Token;
  /** The token in use with this secret. Looked up by hash, so that time tells nothing about its characters. */
  find(secret: string): Token | undefined;
  get(tokenId: string): Token | undefined;
  list(): Token[];
  /** not_found when there is none in use. Its next request is refused. */
  withdraw(tokenId: string, at: string): void;
  used(tokenId: string, at: string): void;
  /** Each fact is kept from its first time only; true when something was new. */
  note(tokenId: string, at: string, fact: { reached?: true; accepted?: true; tool?: string; client?: string }): boolean;
  /** not_found when there is none in use. */
  progress(tokenId: string): TokenProgress;
}

const columns =
  'id, name, role, pools, created_at, last_used_at, withdrawn_at, reached_at, accepted_at, first_tool_at, first_tool, client';
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const missing = (): WheelhouseError => new WheelhouseError('not_found', 'There is no such token.');

export function tokenStore(db: Database): TokenStore {
  const one = (where: string, value: string): Row | undefined => {
    const row = sql(db, `SELECT ${columns} FROM tokens WHERE ${where} AND withdrawn_at IS NULL`).get(value);
    return row === undefined ? undefined : rowSchema.parse(row);
  };
  return {
    create: (token) =>
      transaction(db, () => {
        if (one('name = ?', token.name)) {
          throw new WheelhouseError(
            'conflict',
            `There is a token named “${token.name}” already. Withdraw it or choose another name.`,
          );
        }
        sql(db, 'INSERT INTO tokens (id, hash, name, role, pools, created_at) VALUES (?, ?, ?, ?, ?, ?)').run(
          token.tokenId,
          hashOf(token.secret),
          token.name,
          token.role,
          JSON.stringify(token.pools),
          token.createdAt,
        );
        const { secret: _secret, ...rest } = token;
        return { ...rest, lastUsedAt: null };
      }),
    find(secret) {
      const row = one('hash = ?', hashOf(secret));
      return row && tokenOf(row);
    },
    get(tokenId) {
      const row = one('id = ?', tokenId);
      return row && tokenOf(row);
    },
    list: () =>
      sql(db, `SELECT ${columns} FROM tokens WHERE withdrawn_at IS NULL ORDER BY seq`)
        .all()
        .map((row) => tokenOf(rowSchema.parse(row))),
    withdraw(tokenId, at) {
      const { changes } = sql(db, 'UPDATE tokens SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL').run(
        at,
        tokenId,
      );
      if (changes === 0) throw missing();
    },
    used: (tokenId, at) => void sql(db, 'UPDATE tokens SET last_used_at = ? WHERE id = ?').run(at, tokenId),
    note(tokenId, at, fact) {
      const row = one('id = ?', tokenId);
      if (!row) return false;
      const reached = row.reached_at ?? (fact.reached ? at : null);
      const accepted = row.accepted_at ?? (fact.accepted ? at : null);
      const toolAt = row.first_tool_at ?? (fact.tool === undefined ? null : at);
      const tool = row.first_tool ?? fact.tool ?? null;
      const client = row.client ?? fact.client ?? null;
      const same =
        reached === row.reached_at &&
        accepted === row.accepted_at &&
        toolAt === row.first_tool_at &&
        client === row.client;
      if (same) return false;
      sql(
        db,
        'UPDATE tokens SET reached_at = ?, accepted_at = ?, first_tool_at = ?, first_tool = ?, client = ? WHERE id = ?',
      ).run(reached, accepted, toolAt, tool, client, tokenId);
      return true;
    },
    progress(tokenId) {
      const row = one('id = ?', tokenId);
      if (!row) throw missing();
      return {
        tokenId: row.id,
        reachedAt: row.reached_at,
        acceptedAt: row.accepted_at,
        firstToolAt: row.first_tool_at,
        firstTool: row.first_tool,
        client: row.client,
      };
    },
  };
}
