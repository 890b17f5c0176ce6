import { useEffect } from 'react';
import { call } from '../../lib/api';

const width = 640;

/**
 * A desktop that was stopped before its screen was opened here shows nothing live: the hub's last picture stands for it.
 * A refusal costs that picture only.
 */
export function useStillPicture(sessionId: string, wanted: boolean): void {
  useEffect(() => {
    if (!wanted) return;
    const watch = (sessionIds: string[]) =>
      void call('screen.watchThumbnails', { sessionIds, width }).catch(() => undefined);
    watch([sessionId]);
    return () => watch([]);
  }, [sessionId, wanted]);
}
