import { WheelhouseError } from '../../base/errors';
import type { FirstCalls } from '../firstCalls';
import type { Handlers } from '../router';
import type { Rooms } from '../rooms';
import { testCall } from '../testCall';

/** Secrets of tokens made in this window, kept in memory alone so that the test call can be made; the newest few. */
const kept = 20;

export function tokenHandlers({ identity, broker, url }: Rooms, firstCalls: FirstCalls) {
  const secrets = new Map<string, string>();
  return {
    'tokens.list': () => identity.list(),
    'tokens.create': ({ name, poolId }) => {
      const pool = broker.pools.get(poolId);
      const made = identity.create({ name, role: 'agent', pools: [pool.id] });
      secrets.set(made.token.tokenId, made.secret);
      const oldest = secrets.keys().next().value;
      if (secrets.size > kept && oldest !== undefined) secrets.delete(oldest);
      return { ...made, mcpUrl: new URL('/mcp', url).href };
    },
    'tokens.withdraw': ({ tokenId }) => {
      identity.withdraw(tokenId);
      secrets.delete(tokenId);
      firstCalls.forget(tokenId);
      return null;
    },
    'tokens.progress': ({ tokenId }) => firstCalls.get(tokenId),
    'tokens.test': async ({ tokenId }) => {
      const secret = secrets.get(tokenId);
      if (!secret)
        throw new WheelhouseError('not_found', 'This token was not made here, so its secret is not known here.');
      return testCall(url, secret);
    },
  } satisfies Partial<Handlers>;
}
