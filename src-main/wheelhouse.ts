import { resolve } from 'node:path';
import { systemClock } from './base/clock';
import { systemIds } from './base/ids';
import { compose } from './wheelhouse/compose';
import type { Wheelhouse, WheelhouseOptions } from './wheelhouse/types';
import { Undo } from './wheelhouse/undo';

export type { TokenUse, Wheelhouse, WheelhouseOptions } from './wheelhouse/types';

/**
 * The composition of all rooms in plain Node, for the app, `wheelhouse serve` and the tests. The order matters: the
 * folder is locked before the store is opened, the store's loose ends are tied before anything runs, the broker adopts
 * its machines before the server lets anybody ask for them. What fails on the way undoes what was begun.
 */
export async function startWheelhouse(options: WheelhouseOptions): Promise<Wheelhouse> {
  const { clock = systemClock, ids = systemIds, logger } = options;
  const dataDir = resolve(options.dataDir);
  const undo = new Undo(logger);
  try {
    return await compose({ ...options, dataDir, clock, ids }, undo);
  } catch (error) {
    await undo.all();
    throw error;
  }
}
