import { z } from 'zod';
import type { BackendKind, PoolCreate } from '@shared/pool';
import { bounded } from '../base/bounded';
import type { SandboxBackend } from '../sandbox/backend';
import type { Database } from '../store/database';
import { sql } from '../store/database';
import { poolStore } from '../store/pools';
import type { SettingsStore } from '../store/settings';

/** What a person can choose between; the fake backend is the tests'. */
export type Way = 'docker' | 'qemu';
const waySchema = z.enum(['docker', 'qemu']);
const setting = 'firstPoolBackend';
export const firstPoolId = 'desktop';

/** Milliseconds that each backend may take to say whether it is there, once in the life of a data folder. */
const askMs = 3000;

/**
 * Which backend the first pool of a new data folder gets: what was asked for, else Docker where it answers, else QEMU
 * where it can make a desktop. Null: neither can yet, so nothing is decided. Pure.
 */
export function chooseFirstBackend(facts: { wanted: Way | null; docker: boolean; qemu: boolean }): Way | null {
  if (facts.wanted !== null) return facts.wanted;
  if (facts.docker) return 'docker';
  return facts.qemu ? 'qemu' : null;
}

/** A folder that was used before has its answer, whatever is reachable today. */
function isUntouched(db: Database): boolean {
  const pool = poolStore(db).get(firstPoolId);
  const used = sql(db, 'SELECT EXISTS (SELECT 1 FROM machines) OR EXISTS (SELECT 1 FROM sessions) AS used').get();
  return pool?.spec.backend === 'docker' && !pool.deleting && (used as { used: number }).used === 0;
}

const answers = (work: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> =>
  bounded('Looking for a backend', askMs, undefined, work).catch(() => false);

/**
 * Decides once, on a new data folder, what its first pool runs on, and remembers it. Without both backends there is
 * nothing to decide. Resolves with what was decided now, or null.
 */
export async function settleFirstPool(deps: {
  db: Database;
  settings: SettingsStore;
  backends: ReadonlyMap<BackendKind, SandboxBackend>;
  wanted: Way | null;
  /** How the pool is changed while a broker runs; default: in the store. */
  setBackend?: (backend: Way) => void;
}): Promise<Way | null> {
  const { db, settings, backends, wanted } = deps;
  const [docker, qemu] = [backends.get('docker'), backends.get('qemu')];
  if (!docker || !qemu || settings.get(setting, waySchema) !== undefined) return null;
  if (!isUntouched(db)) {
    settings.set(setting, poolStore(db).get(firstPoolId)?.spec.backend === 'qemu' ? 'qemu' : 'docker');
    return null;
  }
  const asked = wanted === null;
  const choice = chooseFirstBackend({
    wanted,
    docker: asked && (await answers(async (signal) => (await docker.probe(signal)).reachable)),
    qemu:
      asked &&
      (await answers(
        async (signal) => (await qemu.probe(signal)).reachable && (await qemu.resolveImage('desktop', signal)) !== null,
      )),
  });
  if (choice === null) return null;
  const spec = poolStore(db).get(firstPoolId)?.spec;
  if (spec && spec.backend !== choice) {
    if (deps.setBackend) deps.setBackend(choice);
    else poolStore(db).setSpec(firstPoolId, { ...spec, backend: choice });
  }
  settings.set(setting, choice);
  return choice;
}

const besides: Record<Way, PoolCreate> = {
  docker: { displayName: 'Containers', description: 'Desktops in Docker containers', backend: 'docker' },
  qemu: { displayName: 'Machines', description: 'Desktops in QEMU machines', backend: 'qemu' },
};

/** The pool to use for a backend: the first that runs on it, or one made beside the others. */
export function poolOn<P extends { id: string; backend: BackendKind }>(
  way: Way,
  pools: { list(): P[]; create(input: PoolCreate): P },
): P {
  return (
    pools.list().find((pool) => pool.backend === way) ??
    pools.create({ ...besides[way], warm: { minimum: 1, maximum: 4 } })
  );
}
