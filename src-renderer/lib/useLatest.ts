import type { Action } from '@shared/action';
import { useEffect } from 'react';
import { call } from './api';
import { useLive } from './stores';

const asked = new Set<string>();

/** The agent's latest action in a session: fetched once, then kept by pushes. */
export function useLatest(sessionId: string): Action | undefined {
  const latest = useLive((state) => state.latest[sessionId]);
  useEffect(() => {
    if (latest || asked.has(sessionId)) return;
    asked.add(sessionId);
    call('timeline.list', { sessionId, limit: 20 })
      .then((page) => page.data.forEach((action) => useLive.getState().setLatest(action)))
      // The tile then shows no last action until the next one is announced.
      .catch(() => asked.delete(sessionId));
  }, [sessionId, latest]);
  return latest;
}
