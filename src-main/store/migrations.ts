import { pools } from './migrations/001-pools';
import { record } from './migrations/002-record';
import { checkpoints } from './migrations/003-checkpoints';
import { machines } from './migrations/004-machines';
import { usage } from './migrations/005-usage';
import { homes } from './migrations/006-homes';

export interface Migration {
  version: number;
  name: string;
  sql: string;
}

/** In order; a landed migration is never edited, only followed by another. */
export const migrations: readonly Migration[] = [pools, record, checkpoints, machines, usage, homes];
