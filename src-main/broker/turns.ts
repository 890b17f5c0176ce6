import type { WheelhouseError } from '../base/errors';

/**
 * What is done to a machine under a session (stopped, saved, put back), one after the other. A session's end cuts what is
 * under way off, and whoever waits for their turn gets none.
 */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();
  private readonly stops = new Map<string, Set<AbortController>>();
  /** A machine is left alone again. */
  onDone: (machineId: string) => void = () => {};

  busy(machineId: string): boolean {
    return this.last.has(machineId);
  }
  /** The work's signal fires with the caller's, and at `stop`. */
  run<T>(machineId: string, parent: AbortSignal | null, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const cancel = (): void => stop.abort(parent?.reason);
    if (parent?.aborted) cancel();
    parent?.addEventListener('abort', cancel, { once: true });
    const stops = this.stops.get(machineId) ?? new Set();
    this.stops.set(machineId, stops.add(stop));
    const turn = (this.last.get(machineId) ?? Promise.resolve()).then(() => {
      stop.signal.throwIfAborted();
      return work(stop.signal);
    });
    const over = turn
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        parent?.removeEventListener('abort', cancel);
        stops.delete(stop);
        if (this.last.get(machineId) !== over) return;
        this.last.delete(machineId);
        this.stops.delete(machineId);
        this.onDone(machineId);
      });
    this.last.set(machineId, over);
    return turn;
  }
  stop(machineId: string, reason: WheelhouseError): void {
    for (const one of this.stops.get(machineId) ?? []) one.abort(reason);
  }
  stopAll(reason: WheelhouseError): void {
    for (const machineId of this.stops.keys()) this.stop(machineId, reason);
  }
  async settle(): Promise<void> {
    while (this.last.size > 0) await Promise.all(this.last.values());
  }
}
