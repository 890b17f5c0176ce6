import type { Session } from '@shared/session';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { keys, queryClient } from '../../lib/queries';

export interface Suspension {
  /** False when it failed; `failure` then says why, and nothing was lost. */
  suspend(): Promise<boolean>;
  resume(): Promise<boolean>;
  busy: 'suspending' | 'resuming' | null;
  failure: string | null;
}

/** Puts a session's machine away, and brings it another. A failure is shown until the session goes on or is tried again. */
export function useSuspension({ sessionId, status }: Session): Suspension {
  const [busy, setBusy] = useState<Suspension['busy']>(null);
  const [failed, setFailed] = useState<{ text: string; status: Session['status'] } | null>(null);
  const run = async (kind: 'suspending' | 'resuming'): Promise<boolean> => {
    setBusy(kind);
    setFailed(null);
    try {
      if (kind === 'suspending') await call('sessions.suspend', { sessionId });
      else queryClient.setQueryData(keys.session(sessionId), await call('sessions.resume', { sessionId }));
      return true;
    } catch (error) {
      setFailed({ text: messageOf(error), status: kind === 'suspending' ? 'active' : 'idle' });
      return false;
    } finally {
      setBusy(null);
    }
  };
  return {
    suspend: () => run('suspending'),
    resume: () => run('resuming'),
    busy,
    failure: failed?.status === status ? failed.text : null,
  };
}
