import type { Session } from '@shared/session';
import { count } from '../lib/words';

export interface StopState {
  /** Live sessions that run, and those whose processors are stopped. */
  running: number;
  stopped: number;
  /** Said across the whole app: everything was stopped here, or nothing runs any more; one stopped session of several is its own view's to say. */
  shown: boolean;
  words: string;
}

/** Pure: what is stopped, and whether the whole app should say so. */
export function stopState(sessions: readonly Session[], stoppedAll: boolean): StopState {
  const live = sessions.filter((session) => session.endedAt === null && session.machineId !== null);
  const stopped = live.filter((session) => session.frozen).length;
  const running = live.length - stopped;
  return {
    running,
    stopped,
    shown: stopped > 0 && (stoppedAll || (running === 0 && stopped > 1)),
    words:
      running === 0
        ? `${count(stopped, 'session')} ${stopped === 1 ? 'stands' : 'stand'} still`
        : `${stopped} of ${live.length} sessions stand still, ${running} ${running === 1 ? 'runs' : 'run'}`,
  };
}
