import type { Token } from '@shared/ipc';
import type { Pool } from '@shared/pool';
import type { Session } from '@shared/session';
import { age } from '../../lib/clock';
import { count } from '../../lib/words';

export const roleWords: Record<Token['role'], string> = {
  agent: 'Agent: acquires and acts',
  operator: 'Operator: watches, takes over',
  admin: 'Admin: everything',
};

/** "Every pool", "research, office", or what is left of them when pools were deleted. */
export function poolsWords(token: Token, pools: readonly Pool[]): string {
  if (token.pools.length === 0) return 'Every pool';
  const names = token.pools.flatMap((id) => pools.find((pool) => pool.id === id)?.displayName ?? []);
  const gone = token.pools.length - names.length;
  if (gone === 0) return names.join(', ');
  return [...names, `${count(gone, 'deleted pool')}`].join(', ');
}

/** Last use is written down now and then, so that "just now" is as exact as it is known. */
export function usedWords(token: Token, now: number): string {
  if (token.lastUsedAt === null) return 'Never';
  const span = now - Date.parse(token.lastUsedAt);
  return span < 60_000 ? 'Just now' : `${age(span)} ago`;
}

/** Agents first, then by name. */
export const sortTokens = (tokens: readonly Token[]) =>
  tokens.toSorted((a, b) => Number(a.role !== 'agent') - Number(b.role !== 'agent') || a.name.localeCompare(b.name));

/** Live sessions that a token's agent acquired; sessions name their caller as the token is called. */
export const sessionsOf = (token: Token, sessions: readonly Session[]) =>
  sessions.filter((session) => session.endedAt === null && session.caller === token.name);
