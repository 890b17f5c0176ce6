import type { ControlRequest } from '@shared/control';
import type { Session } from '@shared/session';
import { useState } from 'react';
import { call, messageOf } from '../../lib/api';
import { keys, queryClient } from '../../lib/queries';

export interface ControlCommands {
  act(request: ControlRequest): Promise<boolean>;
  busy: boolean;
  failure: string | null;
  clear(): void;
}

/** Commands on who may act. The answer is put in place at once; the push that follows says the same. */
export function useControl(sessionId: string): ControlCommands {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const act = async (request: ControlRequest): Promise<boolean> => {
    setBusy(true);
    setFailure(null);
    try {
      const control = await call('control.act', { sessionId, request });
      const patch = (session: Session) => (session.control.epoch > control.epoch ? session : { ...session, control });
      queryClient.setQueryData<Session>(keys.session(sessionId), (old) => old && patch(old));
      queryClient.setQueryData<Session[]>(keys.sessions, (list) =>
        list?.map((each) => (each.sessionId === sessionId ? patch(each) : each)),
      );
      return true;
    } catch (error) {
      setFailure(messageOf(error));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, failure, clear: () => setFailure(null) };
}
