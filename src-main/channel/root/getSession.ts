import { z } from 'zod';
import { sessionIdSchema } from '@shared/ids';
import { rootTool } from './rootTool';
import { sessionFacts } from './sessionFacts';

export const getSession = rootTool({
  name: 'get_session',
  title: 'Your sessions',
  description: 'One session by its id, or all of yours that are live. Starts nothing.',
  input: z.strictObject({ sessionId: sessionIdSchema.optional() }),
  readOnly: true,
  async run({ caller, choice }, { sessionId }) {
    if (sessionId) return { structured: sessionFacts(choice.named(caller, sessionId)) };
    const own = choice.own(caller);
    return {
      structured: { sessions: own.map((session) => sessionFacts(session)) },
      ...(own.length === 0 && {
        text: 'You have no session. The first tool that needs a desktop starts one, or call start_session.',
      }),
    };
  },
});
