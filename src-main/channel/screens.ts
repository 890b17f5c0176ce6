import type { LiveSession } from '../broker/types';
import type { ScreenHub } from '../screen/types';
import type { ChannelDeps } from './types';

/** How long a hub stays at its full rate after the last call: the next call of a working agent finds it awake. */
const lingerMs = 2000;

interface Demand {
  hub: ScreenHub;
  release: () => void;
  cancelTimer: () => void;
}

/** The channel's hold on screen hubs: opened when missing, kept awake while an agent works. */
export class Screens {
  private readonly demands = new Map<string, Demand>();

  constructor(private readonly deps: Pick<ChannelDeps, 'hubs' | 'control' | 'clock'>) {}

  /** Rejects with guest_failed or timeout when the screen does not answer. */
  async open(live: LiveSession): Promise<ScreenHub> {
    const { hubs, control } = this.deps;
    const { sessionId } = live.session;
    const hub = hubs.get(sessionId) ?? (await hubs.open(sessionId, live.target, control.state(sessionId).epoch));
    this.keepAwake(sessionId, hub);
    return hub;
  }

  private keepAwake(sessionId: string, hub: ScreenHub): void {
    const held = this.demands.get(sessionId);
    if (held && held.hub !== hub) this.forget(sessionId);
    held?.cancelTimer();
    const release = held?.hub === hub ? held.release : hub.demand();
    const cancelTimer = this.deps.clock.after(lingerMs, () => this.forget(sessionId));
    this.demands.set(sessionId, { hub, release, cancelTimer });
  }

  forget(sessionId: string): void {
    const held = this.demands.get(sessionId);
    if (!held) return;
    this.demands.delete(sessionId);
    held.cancelTimer();
    held.release();
  }

  close(): void {
    for (const sessionId of this.demands.keys()) this.forget(sessionId);
  }
}
