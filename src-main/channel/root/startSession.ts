import { z } from 'zod';
import { sessionIdSchema } from '@shared/ids';
import { rootTool } from './rootTool';
import { sessionFacts } from './sessionFacts';

export const startSession = rootTool({
  name: 'start_session',
  title: 'Start a session',
  description:
    'Gets a fresh desktop from a pool. Without arguments: from your first pool. With a sessionId of your own (8 to 128 letters, digits, - or _) a retry gives the same session, never a second one.',
  input: z.strictObject({
    pool: z.string().min(1).max(128).optional().describe('Name or id of the pool; see list_pools'),
    name: z.string().trim().min(1).max(120).optional().describe('What people call this session'),
    sessionId: sessionIdSchema.optional(),
  }),
  readOnly: false,
  async run({ caller, choice, clientName, deps, signal }, { pool: wanted, name, sessionId }) {
    const pool = choice.pool(caller, wanted);
    const session = await choice.acquire(caller, pool, { name, sessionId }, signal);
    choice.works(caller, session.sessionId);
    if (clientName) deps.broker.setAgent(session.sessionId, clientName);
    return {
      structured: sessionFacts(session, pool.displayName),
      text: `Session ${session.sessionId} has a desktop of the pool “${pool.displayName}”. Take a screenshot to see it.`,
    };
  },
});
