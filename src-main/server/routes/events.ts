import { z } from 'zod';
import { defineRoute, everyone } from '../route';
import type { EventStreams } from '../events/streams';

export const events = (streams: EventStreams) =>
  defineRoute({
    method: 'GET',
    path: '/api/events',
    id: 'streamEvents',
    summary:
      'Everything that changes, as server-sent events. Last-Event-ID resumes; an event named "reset" says that some were missed and lists must be read again. Agents see what concerns their own sessions.',
    tag: 'system',
    roles: everyone,
    headers: z.object({ 'last-event-id': z.string().max(128).optional() }),
    answers: { 200: { description: 'Events.', contentType: 'text/event-stream' } },
    errors: [],
    handle: (_services, { caller, headers, outgoing }) =>
      streams.open({ caller, lastEventId: headers['last-event-id'] ?? null, cut: () => void outgoing.destroy() }),
  });
