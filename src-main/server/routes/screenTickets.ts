import { z } from 'zod';
import { timeSchema } from '@shared/ids';
import { sessionFor, unknownSession } from '../access';
import { json } from '../reply';
import { defineRoute, operators } from '../route';
import type { ScreenOwners } from '../screenOwners';
import { sessionParams } from './session';

export const createScreenTicket = (owners: ScreenOwners) =>
  defineRoute({
    method: 'POST',
    path: '/api/sessions/{id}/screen-tickets',
    id: 'createScreenTicket',
    summary: 'A single-use address of the screen for any VNC-over-WebSocket client, valid 30 s.',
    tag: 'screen',
    roles: operators,
    params: sessionParams,
    body: z.strictObject({ mode: z.enum(['view', 'interactive']) }),
    answers: {
      201: {
        description: 'Ticket and address.',
        schema: z.object({ ticket: z.string(), url: z.string(), expiresAt: timeSchema }),
      },
    },
    errors: ['session_gone'],
    handle(services, { caller, params, body, baseUrl }) {
      const session = sessionFor(services, caller, params.id);
      if (session.endedAt !== null) throw unknownSession();
      const { ticket, expiresAt } = services.tickets.issue({
        sessionId: params.id,
        operator: caller.name,
        mode: body.mode,
      });
      owners.issued(ticket, caller.tokenId);
      return json({ ticket, url: screenUrl(baseUrl, params.id, ticket), expiresAt }, 201);
    },
  });

const screenUrl = (baseUrl: string, sessionId: string, ticket: string): string =>
  `${baseUrl.replace(/^http/, 'ws')}/api/sessions/${sessionId}/screen?ticket=${encodeURIComponent(ticket)}`;
