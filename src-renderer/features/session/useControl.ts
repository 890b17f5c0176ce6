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
export function useControl(sessionId: string, epoch: number): ControlCommands {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ text: string; epoch: number } | null>(null);
  // A refusal is about the state it was met in; the next change of hands makes it old.
  const failure = refused?.epoch === epoch ? refused.text : null;
  const act = async (request: ControlRequest): Promise<boolean> => {
    setBusy(true);
    setRefused(null);
    try {
      const control = await call('control.act', { sessionId, request });
      const patch = (session: Session) => (session.control.epoch > control.epoch ? session : { ...session, control });
      queryClient.setQueryData<Session>(keys.session(sessionId), (old) => old && patch(old));
      queryClient.setQueryData<Session[]>(keys.sessions, (list) =>
        list?.map((each) => (each.sessionId === sessionId ? patch(each) : each)),
      );
      return true;
    } catch (error) {
      setRefused({ text: messageOf(error), epoch });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, failure, clear: () => setRefused(null) };
}
