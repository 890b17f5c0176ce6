import { sql } from '../../store/database';
import { pass } from './passing';
import type { Driver } from './driver';

const never = new AbortController().signal;

/**
 * Everything is mended, time goes on, and then the store and the engine must say the same: every machine known, every
 * pool at its minimum where there is room, nobody left waiting, nothing of what was deleted.
 */
export async function converge(driver: Driver): Promise<void> {
  const { world } = driver;
  driver.engine('well');
  if (world.life.dead) driver.revive();
  world.life.doom(Number.POSITIVE_INFINITY);
  await pass(driver, 1000);
  driver.limit(0);
  // After many failures in a row the broker waits long, or for a person's word.
  for (const { id } of world.broker.pools.list()) world.broker.pools.retry(id);
  for (let n = 0; n < 40; n++) {
    await pass(driver, 10_000);
    if (n > 5 && (await unfinished(driver)) === null) break;
  }
  const why = await unfinished(driver);
  if (why !== null) throw new Error(`After everything was mended: ${why}. ${describe(driver)}`);
  if (world.integrity() !== 'ok') throw new Error(`The store is damaged: ${world.integrity()}`);
}

async function unfinished(driver: Driver): Promise<string | null> {
  const { world } = driver;
  const rows = sql(world.db, 'SELECT id, pool_id, state, home_id FROM machines').all() as unknown as Row[];
  const there = (await world.backend.list(never)).map((one) => one.machineId).sort();
  const known = new Set(rows.map((row) => row.id));
  const orphan = there.find((machineId) => !known.has(machineId));
  if (orphan) return `the engine has ${orphan}, of which the store knows nothing`;
  // A quarantined one may be gone: that is why it is quarantined.
  const lost = rows.find((row) => row.state !== 'quarantined' && !there.includes(row.id));
  if (lost) return `${lost.id} is ${lost.state}, and the engine has no such machine`;
  const busy = rows.find((row) => !['ready', 'leased', 'quarantined'].includes(row.state));
  if (busy) return `${busy.id} is still ${busy.state}`;
  if (driver.asks.size > 0) return `${driver.asks.size} requests still wait`;
  for (const pool of world.broker.pools.list()) {
    const own = rows.filter((row) => row.pool_id === pool.id);
    const count = (state: string): number => own.filter((row) => row.state === state).length;
    const { machines } = pool.observed;
    for (const state of ['ready', 'leased', 'quarantined'] as const)
      if (machines[state] !== count(state))
        return `${pool.id} says ${machines[state]} ${state}, there are ${count(state)}`;
    if (pool.paused) continue;
    const full = own.length >= pool.warm.maximum;
    if (count('ready') < pool.warm.minimum && !full) return `${pool.id} has ${count('ready')} ready machines`;
  }
  const gone = sql(world.db, 'SELECT id FROM pools WHERE deleting = 1').all() as { id: string }[];
  if (gone[0]) return `the deleted pool ${gone[0].id} is still there`;
  return homesDiffer(driver, rows);
}

async function homesDiffer({ world }: Driver, machines: readonly Row[]): Promise<string | null> {
  const rows = sql(world.db, 'SELECT id, caller, deleting FROM homes').all() as unknown as Home[];
  const there = (await world.backend.homes?.list(never))?.map((home) => home.homeId).sort() ?? [];
  const known = rows.map((row) => row.id).sort();
  if (there.join() !== known.join()) return `the engine has the homes ${there.join()}, the store ${known.join()}`;
  // A quarantined machine has its home with it until somebody has looked.
  const kept = new Set(machines.filter((row) => row.state === 'quarantined').map((row) => row.home_id));
  const leaving = rows.find((row) => row.deleting === 1 && !kept.has(row.id));
  if (leaving) return `the home ${leaving.id} still goes`;
  const used = new Set(machines.map((row) => row.home_id));
  const orphan = rows.find((row) => row.caller === null && !used.has(row.id));
  return orphan ? `the home ${orphan.id} is nobody's, and has no machine` : null;
}

function describe({ world }: Driver): string {
  const machines = sql(world.db, 'SELECT id, pool_id, state, session_id, for_session, reason FROM machines').all();
  const sessions = sql(world.db, 'SELECT id, pool_id, status, machine_id, reason FROM sessions').all();
  return JSON.stringify({ machines, sessions });
}

interface Row {
  id: string;
  pool_id: string;
  state: string;
  home_id: string | null;
}
interface Home {
  id: string;
  caller: string | null;
  deleting: number;
}
