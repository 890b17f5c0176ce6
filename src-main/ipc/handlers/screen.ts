import type { Handlers } from '../router';
import type { Rooms } from '../rooms';
import type { Thumbnails } from '../thumbnails';

export const screenHandlers = ({ broker, tickets, operator, url }: Rooms, thumbnails: Thumbnails) =>
  ({
    'screen.ticket': async ({ sessionId, mode }) => {
      await broker.connect(sessionId);
      const { ticket, expiresAt } = tickets.issue({ sessionId, operator: operator.name, mode });
      const address = new URL(`/api/sessions/${encodeURIComponent(sessionId)}/screen`, url.replace(/^http/, 'ws'));
      address.searchParams.set('ticket', ticket);
      return { url: address.href, expiresAt };
    },
    'screen.watchThumbnails': ({ sessionIds, width }) => {
      thumbnails.watch(sessionIds, width);
      return null;
    },
  }) satisfies Partial<Handlers>;
