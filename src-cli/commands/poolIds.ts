import type { Pool } from '@shared/pool';
import type { Page } from '@shared/session';
import type { Client } from '../client';
import { UsageError } from '../errors';

/** The id of the pool with this id, or else of the only one with this name; as it was given when neither is there. */
export async function poolIdOf(client: Client, idOrName: string): Promise<string> {
  const { data } = await client.get<Page<Pool>>('/api/pools?limit=100');
  if (data.some(({ id }) => id === idOrName)) return idOrName;
  const named = data.filter(({ displayName }) => displayName === idOrName);
  if (named.length > 1) throw new UsageError(`${named.length} pools are called "${idOrName}": name one by its id.`);
  return named[0]?.id ?? idOrName;
}
