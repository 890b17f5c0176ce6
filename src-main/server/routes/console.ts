import { z } from 'zod';
import { sessionFor } from '../access';
import { consoleLog } from '../consoleLog';
import { json } from '../reply';
import { defineRoute, operators } from '../route';
import { sessionParams } from './session';

export const getConsole = defineRoute({
  method: 'GET',
  path: '/api/sessions/{id}/console',
  id: 'getConsole',
  summary: "The last lines of the machine's console, oldest first; none where it keeps none. The machine wrote them.",
  tag: 'sessions',
  roles: operators,
  params: sessionParams,
  query: z.object({ lines: z.coerce.number().int().min(1).max(1000).default(200) }),
  answers: { 200: { description: 'Lines of text.', schema: z.object({ lines: z.array(z.string()) }) } },
  errors: ['session_gone', 'not_ready', 'guest_failed', 'backend_unreachable'],
  async handle(services, { caller, params, query }) {
    sessionFor(services, caller, params.id);
    return json({ lines: await consoleLog(services.broker, params.id, query.lines) });
  },
});
