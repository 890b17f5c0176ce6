import type { Migration } from '../migrations';

/** Pools, machines, sessions, tokens, settings. */
export const pools: Migration = { version: 1, name: 'pools', sql: `` };
