import type { Changes, Core } from './core';
import type { Homes } from './homes';
import type { Views } from './views';

/**
 * Says on the bus what became durable. Sessions and machines at once; pools, which every step of every machine touches,
 * at most once in `announceMs`, and only when something that is seen differs.
 */
export class Announcer {
  private readonly pools = new Set<string>();
  private readonly last = new Map<string, string>();
  private timer: (() => void) | null = null;

  constructor(
    private readonly core: Core,
    private readonly views: Views,
    private readonly homes: Homes,
  ) {}

  committed(changes: Changes): void {
    const { bus } = this.core.options;
    for (const row of changes.machines.values()) bus.emit({ event: 'machine', data: this.views.machine(row) });
    for (const sessionId of changes.sessions) {
      const row = this.core.sessions.get(sessionId);
      if (row) bus.emit({ event: 'session', data: this.views.session(row) });
    }
    // Once for all of them: a measurement may change thousands.
    const machines = changes.homes.size > 0 ? this.core.machines.all() : [];
    for (const homeId of changes.homes) {
      const row = this.core.homes.get(homeId);
      if (row) bus.emit({ event: 'home', data: this.homes.view(row, machines) });
      else bus.emit({ event: 'home_removed', data: { homeId } });
    }
    for (const poolId of changes.pools) this.pool(poolId);
  }
  pool(poolId: string): void {
    this.pools.add(poolId);
    this.timer ??= this.core.options.clock.after(this.core.limits.announceMs, () =>
      this.core.guard('announcing pools', () => this.flush()),
    );
  }
  poolDeleted(poolId: string): void {
    this.pools.delete(poolId);
    this.last.delete(poolId);
    this.core.options.bus.emit({ event: 'pool_deleted', data: { id: poolId } });
  }
  close(): void {
    this.timer?.();
    this.timer = null;
  }

  private flush(): void {
    this.timer = null;
    const poolIds = [...this.pools];
    this.pools.clear();
    if (this.core.stopped) return;
    for (const poolId of poolIds) {
      const row = this.core.pools.get(poolId);
      if (!row || row.deleting) continue;
      const data = this.views.pool(row);
      const text = JSON.stringify(data);
      if (this.last.get(poolId) === text) continue;
      this.last.set(poolId, text);
      this.core.options.bus.emit({ event: 'pool', data });
    }
  }
}
