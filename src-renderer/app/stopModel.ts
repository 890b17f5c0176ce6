import type { Session } from '@shared/session';
import { count } from '../lib/words';

export interface StopState {
  /** Live sessions that run, and those whose processors are stopped. */
  running: number;
  stopped: number;
  /** Said across the whole app while any of them goes on with everything; what a person paused alone is its own view's to say. */
  shown: boolean;
  words: string;
}

/** Pure: what is stopped, and whether the whole app should say so. */
export function stopState(sessions: readonly Session[]): StopState {
  const live = sessions.filter((session) => session.endedAt === null && session.machineId !== null);
  const stopped = live.filter((session) => session.frozen).length;
  const running = live.length - stopped;
  const withAll = live.filter((session) => session.frozen && session.control.stoppedWithAll).length;
  const alone = stopped - withAll;
  return {
    running,
    stopped,
    shown: withAll > 0,
    words:
      (running === 0
        ? `${count(stopped, 'session')} ${stopped === 1 ? 'stands' : 'stand'} still`
        : `${stopped} of ${live.length} sessions stand still, ${running} ${running === 1 ? 'runs' : 'run'}`) +
      (alone === 0
        ? ''
        : `; ${alone} ${alone === 1 ? 'was' : 'were'} paused before and ${alone === 1 ? 'stays' : 'stay'} so`),
  };
}
