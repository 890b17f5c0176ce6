/**
 * Collects what comes in quick succession and hands it over at once: an act announces itself four times within a few
 * milliseconds (begun, each frame, done), and rendering the list for each would keep a core busy. Of items with one key
 * only the newest is handed over, in the order in which the keys first came. Returns what to call with each item.
 */
export function batch<T>(
  key: (item: T) => string,
  handOver: (items: T[]) => void,
  waitMs = 32,
): { add(item: T): void; dispose(): void } {
  const waiting = new Map<string, T>();
  let timer: ReturnType<typeof setTimeout> | null = null;
  const flush = () => {
    timer = null;
    const items = [...waiting.values()];
    waiting.clear();
    handOver(items);
  };
  return {
    add(item) {
      waiting.set(key(item), item);
      timer ??= setTimeout(flush, waitMs);
    },
    dispose() {
      if (timer !== null) clearTimeout(timer);
      waiting.clear();
    },
  };
}
