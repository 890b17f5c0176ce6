import type { Migration } from '../migrations';

/** Control, actions, the audit chain, frames, attention. */
export const record: Migration = { version: 2, name: 'record', sql: `` };
