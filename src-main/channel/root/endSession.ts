import { z } from 'zod';
import { sessionIdSchema } from '@shared/ids';
import { WheelhouseError } from '../../base/errors';
import { rootTool } from './rootTool';

export const endSession = rootTool({
  name: 'end_session',
  title: 'End a session',
  description: 'Gives the desktop back. What is on it is thrown away. sessionId is needed only while you have several.',
  input: z.strictObject({ sessionId: sessionIdSchema.optional() }),
  readOnly: false,
  async run({ caller, choice, deps }, { sessionId }) {
    const session = sessionId ? choice.named(caller, sessionId) : choice.implied(caller);
    if (!session) throw new WheelhouseError('session_gone', 'You have no session.');
    await deps.broker.release(session.sessionId, caller.name, 'Ended by its agent');
    choice.forget(caller);
    return {
      structured: { sessionId: session.sessionId, ended: true },
      text: `Session ${session.sessionId} has ended.`,
    };
  },
});
