/**
 * Rows that are read again and again and seldom change (a pass over the pools reads every machine): each is judged by its
 * schema once, and again when any of its columns is another. The results are shared, so they are frozen. Holds at most
 * `bound` rows, those read last.
 */
export function parsedRows<T extends object>(parse: (row: unknown) => T, bound = 2000): (row: unknown) => T {
  const known = new Map<unknown, { raw: Record<string, unknown>; parsed: T }>();
  return (row) => {
    const raw = row as Record<string, unknown>;
    const before = known.get(raw['id']);
    if (before && same(before.raw, raw)) return before.parsed;
    const parsed = Object.freeze(parse(row));
    known.delete(raw['id']);
    known.set(raw['id'], { raw, parsed });
    if (known.size > bound) known.delete(known.keys().next().value);
    return parsed;
  };
}

function same(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  for (const column in b) if (a[column] !== b[column]) return false;
  return true;
}
