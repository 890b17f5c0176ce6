import { z } from 'zod';
import { idSchema, sessionIdSchema } from '@shared/ids';
import { acquireBodySchema } from '@shared/session';
import { WheelhouseError } from '../../base/errors';
import type { QueuePlace } from '../../broker/types';
import { rootTool } from './rootTool';
import { sessionFacts } from './sessionFacts';

const { screen, idleSeconds } = acquireBodySchema.shape;

/** Who means to go on with a home that expired, or was deleted, must not take an empty one for it. */
function knows(look: () => unknown): boolean {
  try {
    look();
    return true;
  } catch (error) {
    if (error instanceof WheelhouseError && error.code === 'not_found') return false;
    throw error;
  }
}

export const startSession = rootTool({
  name: 'start_session',
  title: 'Start a session',
  description:
    'Gets a fresh desktop from a pool. Without arguments: from your first pool. With a sessionId of your own (8 to 128 letters, digits, - or _) a retry gives the same session, never a second one.',
  input: z.strictObject({
    pool: z.string().min(1).max(128).optional().describe('Name or id of the pool; see list_pools'),
    name: z.string().trim().min(1).max(120).optional().describe('What people call this session'),
    sessionId: sessionIdSchema.optional(),
    homeId: idSchema
      .optional()
      .describe('Go on with this $HOME of yours, or begin a new one under this id; where the pool keeps homes'),
    screen: screen.describe('Another screen than the pool’s, in pixels, where the pool lets you choose'),
    idleSeconds: idleSeconds.describe('How long nothing may happen, where the pool lets you choose'),
  }),
  readOnly: false,
  async run({ caller, choice, clientName, deps, io }, { pool: wanted, ...options }) {
    const pool = choice.pool(caller, wanted);
    let told = 0;
    const onPlace = ({ place, waiting }: QueuePlace): void =>
      io.progress?.((told += 1), undefined, `Waiting for a desktop: place ${place} of ${waiting}.`);
    const isNew = options.homeId !== undefined && !knows(() => deps.broker.homes.get(options.homeId ?? ''));
    const session = await choice.acquire(caller, pool, { ...options, onPlace }, io.signal);
    choice.works(caller, session.sessionId);
    if (clientName) deps.broker.setAgent(session.sessionId, clientName);
    return {
      structured: sessionFacts(session, pool.displayName),
      text: `Session ${session.sessionId} has a desktop of the pool “${pool.displayName}”. Take a screenshot to see it.${isNew ? ' There was no home of this id: its $HOME is new and empty.' : ''}${session.home?.keep ? ` Its $HOME is kept after it ends: start a session with homeId ${session.home.homeId} to go on with it.` : ''}`,
    };
  },
});
