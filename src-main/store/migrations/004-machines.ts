import type { Migration } from '../migrations';

/**
 * What a machine is in the middle of, beside its state, so that a broker that starts anew can go on with it.
 * `frozen`: a person stopped its processors; meant for leased machines. `restoring`: the checkpoint it is being put back
 * to, after which another boot id answers. `for_session`, `from_checkpoint`: made for this session alone, from there.
 */
export const machines: Migration = {
  version: 4,
  name: 'machines',
  sql: `
ALTER TABLE machines ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1));
ALTER TABLE machines ADD COLUMN restoring TEXT;
ALTER TABLE machines ADD COLUMN for_session TEXT;
ALTER TABLE machines ADD COLUMN from_checkpoint TEXT;
`,
};
