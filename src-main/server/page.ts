import { z } from 'zod';
import { WheelhouseError } from '../base/errors';
import type { ListQuery, Page } from '@shared/session';

export const pageSchema = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

/** One page of a short list that is whole in memory, ordered by creation; bad_request when the cursor names nothing. */
export function pageOf<T>(items: readonly T[], idOf: (item: T) => string, query: ListQuery): Page<T> {
  const ordered = query.order === 'asc' ? items : items.toReversed();
  const positionOf = (path: 'after' | 'before', id: string): number => {
    const position = ordered.findIndex((item) => idOf(item) === id);
    if (position >= 0) return position;
    throw new WheelhouseError('bad_request', `\`${path}\` names nothing in this list.`, {
      details: [{ path, message: 'unknown id' }],
    });
  };
  let start = query.after === undefined ? 0 : positionOf('after', query.after) + 1;
  let end = start + query.limit;
  let more = ordered.length > end;
  if (query.before !== undefined) {
    end = positionOf('before', query.before);
    start = Math.max(0, end - query.limit);
    more = start > 0;
  }
  const data = ordered.slice(start, end);
  const first = data[0];
  const last = data.at(-1);
  return { data, first_id: first ? idOf(first) : null, last_id: last ? idOf(last) : null, has_more: more };
}
