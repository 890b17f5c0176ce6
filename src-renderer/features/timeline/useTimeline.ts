import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { call } from '../../lib/api';
import { keys, useCheckpoints } from '../../lib/queries';
import { lineage } from './lineage';
import { ascending, flatten, fold } from './model';

const pageSize = 100;

/** The session's record, oldest first; pushes append to the newest page. */
export function useActions(sessionId: string) {
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
  return { ...query, actions };
}

/** The record folded into rows, with checkpoints marked and what a rewind undid. */
export function useTimeline(sessionId: string, checkpointsKept: boolean) {
  const query = useActions(sessionId);
  const { actions } = query;
  const complete = !query.hasNextPage;
  const checkpoints = useCheckpoints(sessionId, checkpointsKept).data;
  const history = useMemo(() => lineage(actions, complete, checkpoints), [actions, complete, checkpoints]);
  const rows = useMemo(() => fold(actions, { undone: history.undone, checkpoints }), [actions, history, checkpoints]);
  return { ...query, actions, rows, checkpoints };
}
