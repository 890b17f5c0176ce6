import type { SessionRow } from '../store/sessions';
import type { Core } from './core';

/** Milliseconds. */
const dayMs = 86_400_000;

/** Counted milliseconds until a suspended session expires; 0 when it is over. */
export function suspendedLeftMs(core: Core, row: Pick<SessionRow, 'homeId' | 'poolId' | 'suspendedMs'>): number {
  const home = row.homeId === null ? undefined : core.homes.get(row.homeId);
  const days = home?.expiresAfterDays ?? core.pools.get(row.poolId)?.spec.home.expiresAfterDays ?? 0;
  const away = Math.max(0, core.counted.ms - (row.suspendedMs ?? core.counted.ms));
  return Math.max(0, days * dayMs - away);
}

/** Ends what was suspended for as long as its home is kept. One that is on its way back is left alone. */
export class SuspendedExpiry {
  private next = 0;

  constructor(
    private readonly core: Core,
    private readonly expire: (row: SessionRow, reason: string) => void,
  ) {}

  /** From the broker's tick, by the monotonic clock. */
  tick(now: number): void {
    if (now < this.next) return;
    this.next = now + this.core.limits.expireEveryMs;
    for (const row of this.core.sessions.live()) {
      if (row.status === 'idle' && suspendedLeftMs(this.core, row) === 0)
        this.core.guard('expiring a suspended session', () =>
          this.expire(row, 'It was suspended for as long as its pool keeps homes.'),
        );
    }
  }
}
