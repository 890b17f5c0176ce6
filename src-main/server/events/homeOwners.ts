import type { Bus } from '../../base/bus';

/**
 * Whose a home was that has gone: its last event names it alone, and its owner is to hear of it. Every removal is
 * announced as an intent first, so what was said since the start is enough. Bounded as the events themselves.
 */
export class HomeOwners {
  private readonly callers = new Map<string, string>();
  private readonly stop: () => void;

  constructor(bus: Bus, capacity: number) {
    this.stop = bus.on((event) => {
      if (event.event !== 'home') return;
      const { homeId, caller } = event.data;
      // To the end of the order of insertion, which is the order of leaving.
      this.callers.delete(homeId);
      this.callers.set(homeId, caller);
      if (this.callers.size <= capacity) return;
      const [oldest] = this.callers.keys();
      if (oldest !== undefined) this.callers.delete(oldest);
    });
  }
  of(homeId: string): string | undefined {
    return this.callers.get(homeId);
  }
  close(): void {
    this.stop();
  }
}
