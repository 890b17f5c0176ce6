/**
 * A queue that is fair between callers: each has a lane, and lanes are served in turn, so that somebody who asks for
 * forty machines at once delays a second caller by one, not by forty.
 */
export class FairQueue<T> {
  /** A lane that was served goes to the end; a map keeps the order of insertion. */
  private readonly lanes = new Map<string, T[]>();

  get size(): number {
    let size = 0;
    for (const lane of this.lanes.values()) size += lane.length;
    return size;
  }
  countOf(caller: string): number {
    return this.lanes.get(caller)?.length ?? 0;
  }
  push(caller: string, item: T): void {
    const lane = this.lanes.get(caller);
    if (lane) lane.push(item);
    else this.lanes.set(caller, [item]);
  }
  /** Back to the front: it was taken and could not be served. */
  unshift(caller: string, item: T): void {
    const lane = this.lanes.get(caller) ?? [];
    const others = [...this.lanes].filter(([name]) => name !== caller);
    this.lanes.clear();
    this.lanes.set(caller, [item, ...lane]);
    for (const [name, items] of others) this.lanes.set(name, items);
  }
  take(): T | undefined {
    const first = this.lanes.entries().next();
    if (first.done) return undefined;
    const [caller, lane] = first.value;
    const item = lane.shift();
    this.lanes.delete(caller);
    if (lane.length > 0) this.lanes.set(caller, lane);
    return item;
  }
  /** True when it was there. */
  remove(caller: string, item: T): boolean {
    const lane = this.lanes.get(caller);
    const index = lane?.indexOf(item) ?? -1;
    if (!lane || index < 0) return false;
    lane.splice(index, 1);
    if (lane.length === 0) this.lanes.delete(caller);
    return true;
  }
  /** How many are served before this one, plus one; 0 when it is not here. */
  place(caller: string, item: T): number {
    const depth = this.lanes.get(caller)?.indexOf(item) ?? -1;
    if (depth < 0) return 0;
    let before = depth;
    let ahead = true;
    for (const [name, lane] of this.lanes) {
      if (name === caller) ahead = false;
      else before += Math.min(lane.length, depth + (ahead ? 1 : 0));
    }
    return before + 1;
  }
  items(): T[] {
    return [...this.lanes.values()].flat();
  }
}
