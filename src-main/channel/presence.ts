import type { Session } from '@shared/session';
import { WheelhouseError, asWheelhouseError } from '../base/errors';
import type { Broker, Kept, LiveSession } from '../broker/types';
import type { CallIo } from './tool';

/** What the agent hears once after its session was suspended: nothing else tells the desktop apart from the one it knows. */
export const renewedText = ({ all }: Pick<Kept, 'all'>): string => (all ? wentOnText : newText);

const newText =
  'This session was suspended while nothing happened in it, and has a new desktop since: the files in $HOME are as they were; programs, windows and everything outside $HOME are gone. Your earlier observations are stale: take a fresh screenshot before you go on.';

const wentOnText =
  'This session was suspended while nothing happened in it, and goes on from where it was: programs, windows and files are as they were, but time has passed, and what had connections may have lost them. Take a fresh screenshot before you go on.';

/** Its machine, at once; null while it is suspended, which only a call that needs the machine ends. session_gone, not_ready. */
export async function presentNow(broker: Pick<Broker, 'connect'>, sessionId: string): Promise<LiveSession | null> {
  try {
    return await broker.connect(sessionId, { wake: false });
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    if (error.code === 'not_ready' && error.data['suspended'] === true) return null;
    throw error;
  }
}

/** Resumes it, inside the call: the client is told what it waits for. Rejects as `connect` does. */
export function wake(broker: Pick<Broker, 'connect'>, sessionId: string, io: CallIo): Promise<LiveSession> {
  let told = 0;
  return broker.connect(sessionId, {
    signal: io.signal,
    progress: (words) => io.progress?.((told += 1), undefined, words),
  });
}

/** A suspended session for tools that need no machine. */
export function asleep(session: Session): LiveSession {
  const none = (): never => {
    throw new WheelhouseError('not_ready', 'The session is suspended.', { suspended: true });
  };
  return {
    session,
    get target() {
      return none();
    },
    get guest() {
      return none();
    },
  };
}
