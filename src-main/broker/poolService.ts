import {
  poolCreateSchema,
  poolDefaults,
  poolPatchSchema,
  poolSpecSchema,
  withAsked,
  type Machine,
  type Pool,
  type PoolCreate,
  type PoolPatch,
} from '@shared/pool';
import type { PoolEntry, PoolImport } from '@shared/poolFile';
import { bounded } from '../base/bounded';
import { WheelhouseError } from '../base/errors';
import { parseInput } from '../base/parse';
import type { MachineRow } from '../store/machines';
import type { PoolRow } from '../store/pools';
import type { Acquisition } from './acquisition';
import { checkSupported } from './acquireRules';
import type { Announcer } from './announcer';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import type { Fleet } from './fleet';
import { planImport } from './poolFile';
import type { SessionLife } from './sessionLife';
import type { Broker } from './types';
import type { Stats, Views } from './views';

type Pools = Broker['pools'];

/** Pools as people ask for them. Every change is written, then looked at by the reconciler. */
export class PoolService implements Pools {
  private readonly stats = new Map<string, { at: number; stats: Stats | null }>();
  onChanged: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly fleet: Fleet,
    private readonly life: SessionLife,
    private readonly acquisition: Acquisition,
    private readonly views: Views,
    private readonly announcer: Announcer,
  ) {}

  list(): Pool[] {
    return this.core.pools
      .all()
      .filter((row) => !row.deleting)
      .map((row) => this.views.pool(row));
  }
  get(id: string): Pool {
    return this.views.pool(this.row(id));
  }
  create(input: PoolCreate): Pool {
    const given = parseInput(poolCreateSchema, input, 'The pool');
    const spec = parseInput(poolSpecSchema, withAsked(poolDefaults, given), 'The pool');
    checkSupported(spec, this.watch.backend(spec.backend));
    const id = this.core.options.ids.make('pool');
    this.core.commit('pool.create', () => {
      this.core.pools.insert({ id, spec, createdAt: this.core.now });
      this.core.notePool(id);
    });
    this.changed(spec.backend);
    return this.get(id);
  }
  update(id: string, patch: PoolPatch): Pool {
    const row = this.row(id);
    const given = parseInput(poolPatchSchema, patch, 'The change');
    const spec = parseInput(poolSpecSchema, withAsked(row.spec, given), 'The pool');
    checkSupported(spec, this.watch.backend(spec.backend));
    this.core.commit('pool.update', () => {
      this.core.pools.setSpec(id, spec);
      this.core.notePool(id);
    });
    this.fleet.forgive(id);
    this.changed(spec.backend);
    return this.get(id);
  }
  import(entries: readonly PoolEntry[], { dryRun }: { dryRun: boolean }): PoolImport {
    const steps = planImport(entries, this.list());
    for (const { spec } of steps) checkSupported(spec, this.watch.backend(spec.backend));
    for (const { pool, wantedId } of steps) {
      if (pool === null && wantedId !== null && this.core.pools.get(wantedId))
        throw new WheelhouseError('conflict', `The pool ${wantedId} is just being deleted. Try again when it is gone.`);
    }
    const doing = steps.filter(({ shown }) => shown.action !== 'unchanged');
    if (dryRun || doing.length === 0) return { applied: !dryRun, pools: steps.map(({ shown }) => shown) };
    this.core.commit('pool.import', () => {
      for (const step of doing) {
        const id = step.pool?.id ?? step.wantedId ?? this.core.options.ids.make('pool');
        if (step.pool) this.core.pools.setSpec(id, step.spec);
        else this.core.pools.insert({ id, spec: step.spec, createdAt: this.core.now });
        step.shown.id = id;
        this.core.notePool(id);
      }
    });
    for (const { pool } of doing) if (pool) this.fleet.forgive(pool.id);
    for (const kind of new Set(doing.map(({ spec }) => spec.backend))) this.changed(kind);
    return { applied: true, pools: steps.map(({ shown }) => shown) };
  }
  async delete(id: string, options: { force: boolean }): Promise<void> {
    const row = this.row(id);
    const sessions = this.core.sessions
      .live()
      .filter((session) => session.poolId === id && session.status !== 'queued');
    if (sessions.length > 0 && !options.force) {
      throw new WheelhouseError(
        'conflict',
        `“${row.spec.displayName}” has ${sessions.length} live ${sessions.length === 1 ? 'session. End it' : 'sessions. End them'} first, or delete with force.`,
        {
          sessions: sessions.length,
        },
      );
    }
    this.core.commit('pool.delete', () => this.core.pools.markDeleting(id));
    this.acquisition.withdrawPool(id, new WheelhouseError('not_found', 'The pool was deleted.'));
    // What can't be written now ends all the same, each of them.
    this.life.endOrphans();
    this.views.forgetPool(id);
    this.announcer.poolDeleted(id);
    this.onChanged();
  }

  /** The last failure is forgiven, and what the backend says is asked anew. */
  retry(id: string): Pool {
    const row = this.row(id);
    this.fleet.retry(id);
    this.changed(row.spec.backend);
    return this.get(id);
  }

  async machines(id: string): Promise<Machine[]> {
    this.row(id);
    const rows = this.core.machines.byPool(id);
    return Promise.all(rows.map(async (row) => this.views.machine(row, await this.statsOf(row))));
  }
  async destroyMachine(machineId: string): Promise<void> {
    const row = this.core.machine(machineId);
    if (row.state === 'leased') {
      throw new WheelhouseError('conflict', 'A session uses this machine. End the session: its machine goes with it.', {
        sessionId: row.sessionId,
      });
    }
    if (row.state === 'resetting' || row.state === 'destroying') return;
    this.fleet.discard(machineId, 'An operator ended it.');
    this.onChanged();
  }

  private row(id: string): PoolRow {
    const row = this.core.pools.get(id);
    if (!row || row.deleting) throw new WheelhouseError('not_found', `There is no pool “${id}”.`);
    return row;
  }
  private changed(kind: PoolRow['spec']['backend']): void {
    void this.watch.look(kind).then(() => this.onChanged());
    this.onChanged();
  }
  /** What it costs now; a question to the backend at most every `statsMs`. Null when it can't be had. */
  private async statsOf(row: MachineRow): Promise<Stats | null> {
    const backend = this.watch.backend(row.backend);
    const up =
      row.state === 'starting' || row.state === 'ready' || row.state === 'leased' || row.state === 'quarantined';
    if (!backend || !up || !this.watch.reachable(row.backend)) return null;
    const now = this.core.options.clock.monotonic();
    for (const [machineId, cached] of this.stats) {
      if (now - cached.at > 10 * this.core.limits.statsMs) this.stats.delete(machineId);
    }
    const known = this.stats.get(row.machineId);
    if (known && now - known.at < this.core.limits.statsMs) return known.stats;
    const stats = await bounded('Measuring a machine', 2500, this.core.stopping.signal, (signal) =>
      backend.stats(row.machineId, signal),
    ).catch(() => null);
    this.stats.set(row.machineId, { at: now, stats });
    return stats;
  }
}
