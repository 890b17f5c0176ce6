import type { Handlers } from '../router';
import type { Rooms } from '../rooms';

export const timelineHandlers = ({ timeline }: Rooms) =>
  ({
    /** The newest page unless `before` is given; always in time order, so that the window appends or prepends. */
    'timeline.list': ({ sessionId, limit, before }) => {
      const page = timeline.list(sessionId, { limit, order: 'desc', after: before });
      const data = page.data.toReversed();
      return { ...page, data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    },
  }) satisfies Partial<Handlers>;
