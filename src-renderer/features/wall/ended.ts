import type { Session } from '@shared/session';
import { duration } from '../../lib/clock';
import type { Role } from '../../lib/roles';

export const endWords: Partial<Record<Session['status'], { word: string; role: Role }>> = {
  released: { word: 'Released', role: 'nobody' },
  failed: { word: 'Failed', role: 'trouble' },
  expired: { word: 'Expired', role: 'nobody' },
};

/** Pages of all sessions, newest first, come down to those that are over and match every word of the search. */
export function endedSessions(pages: readonly { data: readonly Session[] }[], query: string): Session[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return pages
    .flatMap((page) => page.data)
    .filter((session) => session.endedAt !== null)
    .filter((session) => {
      const text = `${session.name} ${session.agent} ${session.caller} ${session.reason ?? ''}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
}

/** How long it lived: "18 min 0 s". */
export const lived = (session: Session) =>
  session.endedAt === null ? '' : duration(Date.parse(session.endedAt) - Date.parse(session.createdAt));
