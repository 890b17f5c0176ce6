import { stringify } from 'yaml';
import { poolSpecSchema, type Pool } from '@shared/pool';
import { poolSchemaPath, type PoolEntry } from '@shared/poolFile';

/** What a person asked for of a pool, without what is observed of it. */
export const entryOf = (pool: Pool): PoolEntry => ({ id: pool.id, ...poolSpecSchema.parse(pool) });

/** Pools as a file; its first line tells editors where the schema is. `baseUrl`: ours, as the reader sees it. */
export function writePoolFile(pools: readonly Pool[], baseUrl: string): string {
  const schema = new URL(poolSchemaPath, baseUrl).href;
  const text = stringify({ pools: pools.map(entryOf) }, { lineWidth: 100, aliasDuplicateObjects: false });
  return `# yaml-language-server: $schema=${schema}\n${text}`;
}
