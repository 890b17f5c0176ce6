import { z } from 'zod';
import type { ListQuery, Page } from '@shared/session';

export const pageSchema = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

/** One page of a short list that is whole in memory, ordered by creation; an unknown cursor gives an empty page. */
export function pageOf<T>(items: readonly T[], idOf: (item: T) => string, query: ListQuery): Page<T> {
  const ordered = query.order === 'asc' ? [...items] : [...items].reverse();
  const at = (id: string) => ordered.findIndex((item) => idOf(item) === id);
  let slice = ordered;
  let more = false;
  if (query.before) {
    const end = Math.max(0, at(query.before));
    slice = ordered.slice(Math.max(0, end - query.limit), end);
    more = end > query.limit;
  } else {
    const start = query.after ? at(query.after) + 1 || ordered.length : 0;
    slice = ordered.slice(start, start + query.limit);
    more = ordered.length > start + query.limit;
  }
  const first = slice[0];
  const last = slice.at(-1);
  return { data: slice, first_id: first ? idOf(first) : null, last_id: last ? idOf(last) : null, has_more: more };
}
