import type { ControlState } from '@shared/control';
import type { Session } from '@shared/session';

/** One line of "Just happened". */
export interface Happening {
  at: string;
  words: string;
  sessionId: string;
}

const who = (holder: string | null, me: string) => (holder === null ? 'Somebody' : holder === me ? 'You' : holder);

/** A change of hands worth a line; null for the steps in between. */
export function controlHappening(name: string, before: ControlState, after: ControlState, me: string): string | null {
  if (before.kind === after.kind && before.holder === after.holder) return null;
  switch (after.kind) {
    case 'human':
      return `${who(after.holder, me)} took ${name}`;
    case 'handback':
    case 'agent':
      if (before.kind === 'handback' || before.kind === 'agent') return null;
      if (before.kind === 'paused') return `${name} goes on`;
      return before.holder ? `${who(before.holder, me)} handed back ${name}` : null;
    case 'paused':
      return before.kind === 'human' && after.holder ? `Hold of ${name} lapsed, paused` : `${name} paused`;
    default:
      return null;
  }
}

export function sessionHappening(before: Session | undefined, after: Session): string | null {
  if (!before && after.endedAt) return null;
  if (!before && after.status === 'queued') return `${after.name} waits for a machine`;
  if (!before || (before.status === 'queued' && after.status === 'active')) return `${after.name} started`;
  if (before.status !== 'idle' && after.status === 'idle')
    return before.suspendedAt ? `${after.name} could not be resumed` : `${after.name} was suspended`;
  if (before.suspendedAt && after.status === 'active') return `${after.name} was resumed`;
  if (before.endedAt || !after.endedAt) return null;
  switch (after.status) {
    case 'failed':
      return `${after.name} failed`;
    case 'expired':
      return `${after.name} expired`;
    default:
      return `${after.name} released`;
  }
}
