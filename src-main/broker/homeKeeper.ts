import { bounded } from '../base/bounded';
import type { BackendKind } from '@shared/pool';
import type { HomeRow } from '../store/homes';
import type { BackendWatch } from './backendWatch';
import type { Core } from './core';
import { homeLeftMs, type Homes } from './homes';
import { wordsOf } from './words';

/**
 * What becomes of homes behind everybody's back: those on their way out are removed once no machine has them, those that
 * nobody used for long enough expire, and all are measured now and then. Nothing waits for it; what fails is tried again.
 */
export class HomeKeeper {
  private readonly removing = new Map<string, Promise<void>>();
  private readonly retryAt = new Map<string, number>();
  private readonly measuring = new Set<BackendKind>();
  private nextLook = 0;
  onGone: () => void = () => {};

  constructor(
    private readonly core: Core,
    private readonly watch: BackendWatch,
    private readonly homes: Homes,
  ) {}

  /** From the broker's tick, by the monotonic clock. */
  tick(now: number): void {
    if (now >= this.nextLook) {
      this.nextLook = now + this.core.limits.homesEveryMs;
      this.expire();
      for (const kind of new Set(this.core.homes.all().map((row) => row.backend))) void this.measure(kind);
    }
    this.removeDue();
  }
  /** Begins to remove what is on its way out and free; `last`: also while the broker stops. */
  removeDue(last = false): void {
    if (this.core.stopped || (this.core.stopping.signal.aborted && !last)) return;
    const due = this.core.homes.deleting();
    if (due.length === 0) return;
    const now = this.core.options.clock.monotonic();
    const held = new Set(this.core.machines.all().map((row) => row.homeId));
    for (const row of due) {
      if (this.removing.size >= this.core.limits.destroysAtOnce) return;
      if (held.has(row.homeId) || this.removing.has(row.homeId) || (this.retryAt.get(row.homeId) ?? 0) > now) continue;
      this.removing.set(
        row.homeId,
        this.remove(row, last ? undefined : this.core.stopping.signal).finally(() => {
          this.removing.delete(row.homeId);
          this.core.guard('removing homes', () => this.removeDue(last));
        }),
      );
    }
  }
  async settle(): Promise<void> {
    while (this.removing.size > 0) await Promise.all(this.removing.values());
  }

  private async remove({ homeId, backend, caller }: HomeRow, parent: AbortSignal | undefined): Promise<void> {
    const { core } = this;
    const homes = this.watch.backend(backend)?.homes;
    // Its backend may be back another day.
    if (!homes || !this.watch.reachable(backend)) return this.later(homeId);
    try {
      await core.effect('home.remove', () =>
        bounded('Removing a home', core.limits.destroyMs, parent, (signal) => homes.remove(homeId, signal)),
      );
      core.commit('home.gone', () => {
        core.homes.remove(homeId);
        if (caller !== null) core.noteHome(homeId);
      });
      this.retryAt.delete(homeId);
      this.onGone();
    } catch (error) {
      this.later(homeId);
      if (core.stopped || parent?.aborted) return;
      core.options.logger.warn({ homeId, err: error }, 'a home could not be removed');
      core.guard('noting a home that stays', () =>
        core.commit('home.stays', () => {
          core.homes.setDeleting(homeId, `Removing it failed: ${wordsOf(error)}`);
          if (caller !== null) core.noteHome(homeId);
        }),
      );
    }
  }
  private later(homeId: string): void {
    this.retryAt.set(homeId, this.core.options.clock.monotonic() + this.core.limits.backoffMs * 5);
  }

  /** Counted time alone decides: see `CountedClock`. */
  private expire(): void {
    const over = this.core.homes
      .all()
      .filter((row) => row.caller !== null && row.sessionId === null && !row.deleting)
      .filter((row) => homeLeftMs(row, this.core.counted.ms) === 0 && !this.homes.isWanted(row.homeId));
    if (over.length === 0) return;
    this.core.commit('home.expire', () => {
      for (const { homeId, expiresAfterDays } of over) {
        this.core.homes.setDeleting(homeId, `Nobody used it for ${expiresAfterDays} days.`);
        this.core.noteHome(homeId);
      }
    });
  }

  private async measure(kind: BackendKind): Promise<void> {
    const homes = this.watch.backend(kind)?.homes;
    if (!homes || this.measuring.has(kind) || !this.watch.reachable(kind)) return;
    this.measuring.add(kind);
    try {
      const seen = await bounded('Measuring homes', this.core.limits.homesMs, this.core.stopping.signal, (signal) =>
        homes.list(signal),
      );
      if (!this.core.stopped) this.note(new Map(seen.map((one) => [one.homeId, one.bytes])));
    } catch (error) {
      if (!this.core.stopping.signal.aborted)
        this.core.options.logger.warn({ kind, err: error }, 'homes could not be measured');
    } finally {
      this.measuring.delete(kind);
    }
  }
  private note(seen: ReadonlyMap<string, number | null>): void {
    const changed = this.core.homes.all().flatMap((row) => {
      const bytes = believed(seen.get(row.homeId) ?? null);
      return bytes === null || bytes === row.bytes ? [] : [{ row, bytes }];
    });
    if (changed.length === 0) return;
    this.core.commit('home.measured', () => {
      for (const { row, bytes } of changed) {
        this.core.homes.setBytes(row.homeId, bytes);
        if (row.caller !== null) this.core.noteHome(row.homeId);
      }
    });
  }
}

/** A figure may come out of a machine, whose programs could make it anything; what can't be stored would hide every home. */
function believed(bytes: number | null): number | null {
  const whole = bytes === null ? Number.NaN : Math.round(bytes);
  return Number.isSafeInteger(whole) && whole >= 0 ? whole : null;
}
