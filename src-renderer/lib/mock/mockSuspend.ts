import type { Session } from '@shared/session';
import { refuse, type Handlers, type MockWorld } from './mockCheckpoints';
import { ago } from './mockData';

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Suspended sessions; `?slow` makes a resume last, `?fail=resume` makes it fail. */
export const suspendHandlers = ({ wish, push, find, note }: MockWorld) => {
  const put = (session: Session, patch: Partial<Session>) => {
    Object.assign(session, patch);
    push('event', { event: 'session', data: { ...session } });
    return { ...session };
  };
  return {
    'sessions.suspend': async ({ sessionId }) => {
      const session = find(sessionId);
      if (session.control.kind === 'human')
        throw refuse('conflict', 'A person holds control. Hand back first, then suspend it.');
      await pause(700);
      put(session, { status: 'idle', suspendedAt: ago(0), machineId: null, machine: null });
      note(sessionId, 'Suspended: its machine went, its home stays', { tool: 'session.suspend' });
      return null;
    },
    'sessions.resume': async ({ sessionId }) => {
      const session = find(sessionId);
      const since = session.suspendedAt ?? ago(0);
      put(session, { status: 'acquiring', suspendedAt: since });
      await pause(wish.has('slow') ? 60_000 : 1500);
      if (wish.get('fail') === 'resume') {
        put(session, { status: 'idle', suspendedAt: since });
        throw refuse('not_ready', 'No machine could be made: this computer’s limit is reached. Nothing was lost.');
      }
      note(sessionId, 'Resumed on another machine', { tool: 'session.resume' });
      return put(session, {
        status: 'active',
        suspendedAt: null,
        machineId: 'night-shift-45',
        machine: { backend: 'docker', checkpoints: false, guestAgent: true, consoleLog: false },
        lastActivityAt: ago(0),
        expiresAt: ago(-900),
      });
    },
  } satisfies Partial<Handlers>;
};
