import { bounded } from '../base/bounded';
import { WheelhouseError } from '../base/errors';
import type { DemoPlace } from '../demo/service';
import type { Wheelhouse } from '../wheelhouse';
import { poolOn, type Way } from '../wheelhouse/firstPool';

/** How many times longer a browser takes on an emulated processor than in a container; measured at 5 to 20. */
const emulatedPatience = 10;
const probeMs = 5_000;

/**
 * Where the demo agent works: on a pool of the backend that was asked for (made when there is none), else on the first
 * pool that is not paused, as any agent would.
 */
export const demoPlace =
  ({ broker, backends, adopted }: Pick<Wheelhouse, 'broker' | 'backends' | 'adopted'>, usual: Way | null) =>
  async (way: Way | undefined): Promise<DemoPlace> => {
    await adopted;
    const wanted = way ?? usual;
    const all = broker.pools.list();
    const pool = wanted === null ? (all.find(({ paused }) => !paused) ?? all[0]) : poolOn(wanted, broker.pools);
    if (!pool) throw new WheelhouseError('not_found', 'There is no pool for the demo agent. Make one first.');
    const backend = backends.get(pool.backend);
    const status =
      backend && (await bounded('Asking the backend', probeMs, undefined, (signal) => backend.probe(signal)));
    return { poolId: pool.id, patience: status?.isolation === 'emulated' ? emulatedPatience : 1 };
  };
