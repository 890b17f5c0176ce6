import { z } from 'zod';
import { controlSentence } from '../controlWords';
import { helpState } from '../helpDesk';
import { readTool } from '../tool';

export const getControl = readTool({
  kind: 'read',
  name: 'get_control',
  title: 'Who holds control',
  description:
    'Who may act on the desktop now: you ("agent"), a person ("human"), or nobody ("paused"). Does not wait.',
  input: z.strictObject({}),
  looks: false,
  awake: false,
  record: 'never',
  words: () => 'Asked who holds control',
  async run(context) {
    const { sessionId } = context.live.session;
    const state = context.deps.control.state(sessionId);
    const help = context.help.pending(sessionId).map(helpState);
    context.help.told(sessionId, help);
    return {
      structured: {
        control: state.kind,
        holder: state.holder,
        since: state.since,
        epoch: state.epoch,
        private: state.private,
        ...(help.length > 0 && { help }),
      },
      text: controlSentence(state, help),
    };
  },
});
