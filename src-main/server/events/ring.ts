import type { WheelhouseEvent } from '@shared/event';

/** One announced event, serialised once for all readers. */
export interface RingEntry {
  seq: number;
  event: WheelhouseEvent;
  data: string;
}

/**
 * The last events, for readers that come back or fall behind. Readers keep a position and no queue of their own, so
 * memory is bounded by the ring whatever they do. `boot` tells positions of this process from those of an earlier one.
 */
export class EventRing {
  private readonly entries: RingEntry[] = [];
  private next = 1;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly capacity: number,
    private readonly boot: string,
  ) {}

  push(event: WheelhouseEvent): void {
    this.entries.push({ seq: this.next++, event, data: JSON.stringify(event.data) });
    // Cut in strides: shifting an array at every event would cost its length each time.
    if (this.entries.length >= this.capacity * 2) this.entries.splice(0, this.entries.length - this.capacity);
    for (const wake of this.waiting) wake();
  }
  /** The position after the newest entry. */
  get end(): number {
    return this.next;
  }
  /** The oldest position that can still be read. */
  get start(): number {
    return Math.max(this.next - this.capacity, this.entries[0]?.seq ?? this.next);
  }
  at(seq: number): RingEntry | undefined {
    return this.entries[seq - (this.entries[0]?.seq ?? 0)];
  }
  idOf(seq: number): string {
    return `${this.boot}-${seq}`;
  }
  /** Where to go on after `lastEventId`; null when what followed it can't be told any more. */
  resume(lastEventId: string): number | null {
    const match = /^(.{1,64})-(\d{1,15})$/.exec(lastEventId);
    if (!match || match[1] !== this.boot) return null;
    const seq = Number(match[2]) + 1;
    return seq >= this.start && seq <= this.end ? seq : null;
  }
  /** Calls back at each push until disposed. */
  onPush(wake: () => void): () => void {
    this.waiting.add(wake);
    return () => void this.waiting.delete(wake);
  }
}
