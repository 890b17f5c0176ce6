import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../../lib/api';
import { keys } from '../../lib/queries';
import { ascending, flatten, fold } from './model';

const pageSize = 100;

/** The session's record, oldest first, folded; pushes append to the newest page. */
export function useTimeline(sessionId: string) {
  const query = useInfiniteQuery({
    queryKey: keys.timeline(sessionId),
    queryFn: ({ pageParam }) =>
      call('timeline.list', { sessionId, limit: pageSize, ...(pageParam ? { before: pageParam } : {}) }),
    // Rows are replaced one by one as they change; comparing hundreds of them deeply at each push finds nothing more.
    structuralSharing: false,
    initialPageParam: '',
    getNextPageParam: (page) => (page.has_more ? ascending(page.data)[0]?.id : undefined),
  });
  const actions = useMemo(() => flatten(query.data?.pages ?? []), [query.data]);
  const rows = useMemo(() => fold(actions), [actions]);
  return { ...query, actions, rows };
}
