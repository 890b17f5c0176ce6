import { isDeepStrictEqual } from 'node:util';
import { poolDefaults, poolSpecSchema, withAsked, type Pool, type PoolSpec } from '@shared/pool';
import type { PoolEntry, PoolImport } from '@shared/poolFile';
import { WheelhouseError } from '../../base/errors';
import { parseInput } from '../../base/parse';

export interface Step {
  /** The pool that changes; null: one is made. */
  pool: Pool | null;
  /** For a pool that is made, where the file names it. */
  wantedId: string | null;
  spec: PoolSpec;
  shown: PoolImport['pools'][number];
}

/**
 * What an import has to do, decided: the id names the pool; where no pool has it, or the file gives none, its name does;
 * where that is nobody's either, a pool is made. A second time there is nothing left to do. conflict when two entries
 * mean the same pool, when a name means several, or when a pool would get the name of another. Pure.
 */
export function planImport(entries: readonly PoolEntry[], pools: readonly Pool[]): Step[] {
  const taken = new Set<string>();
  const steps = entries.map((entry, at) => {
    const pool = meant(entry, pools, at);
    const { id, ...fields } = entry;
    if (pool) {
      if (taken.has(pool.id)) throw conflict(at, `“${entry.displayName}” means the pool ${pool.id} a second time`);
      taken.add(pool.id);
    }
    const now = pool ? poolSpecSchema.parse(pool) : null;
    const spec = parseInput(poolSpecSchema, withAsked(now ?? poolDefaults, fields), `pools[${at}]`);
    const changes = differences(now, spec);
    return {
      pool,
      wantedId: id ?? null,
      spec,
      shown: {
        action: pool === null ? ('create' as const) : changes.length > 0 ? ('update' as const) : ('unchanged' as const),
        id: pool?.id ?? id ?? null,
        displayName: spec.displayName,
        changes,
      },
    };
  });
  refuseSameNames(steps, pools);
  return steps;
}

function meant(entry: PoolEntry, pools: readonly Pool[], at: number): Pool | null {
  const byId = pools.find((pool) => pool.id === entry.id);
  if (byId) return byId;
  const named = pools.filter((pool) => pool.displayName === entry.displayName);
  if (named.length > 1)
    throw conflict(at, `${named.length} pools are called “${entry.displayName}”; give the id of the one that is meant`);
  return named[0] ?? null;
}

/** After the import every name that it gave means one pool, or the next import could not tell. */
function refuseSameNames(steps: readonly Step[], pools: readonly Pool[]): void {
  const ids = new Set<string>();
  steps.forEach((step, at) => {
    const { displayName } = step.spec;
    if (step.pool === null && step.wantedId !== null) {
      if (ids.has(step.wantedId)) throw conflict(at, `two new pools have the id ${step.wantedId}`);
      ids.add(step.wantedId);
    }
    if (steps.some((other, place) => place < at && other.spec.displayName === displayName))
      throw conflict(at, `two pools of the file are called “${displayName}”`);
    if (step.pool?.displayName === displayName) return;
    const other = pools.find((pool) => pool.displayName === displayName && pool.id !== step.pool?.id);
    if (other && !steps.some(({ pool }) => pool?.id === other.id))
      throw conflict(at, `another pool is called “${displayName}” (${other.id})`);
  });
}

const conflict = (at: number, words: string): WheelhouseError =>
  new WheelhouseError('conflict', `Nothing was imported: ${words}.`, {
    details: [{ path: `pools[${at}]`, message: words }],
  });

type Change = PoolImport['pools'][number]['changes'][number];

/** Field by field; a list is one field. */
function differences(now: PoolSpec | null, wanted: PoolSpec): Change[] {
  const before = new Map(now ? leaves(now) : []);
  return leaves(wanted)
    .filter(([path, to]) => !now || !isDeepStrictEqual(before.get(path), to))
    .map(([path, to]) => (now ? { path, from: before.get(path), to } : { path, to }));
}

const leaves = (value: object, prefix = ''): [string, unknown][] =>
  Object.entries(value).flatMap(([name, each]: [string, unknown]) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? leaves(each, `${prefix}${name}.`)
      : [[`${prefix}${name}`, each] as [string, unknown]],
  );
