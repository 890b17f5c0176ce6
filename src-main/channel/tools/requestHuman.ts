import { z } from 'zod';
import { controlSentence } from '../controlWords';
import { helpState, type HelpState } from '../helpDesk';
import { readTool } from '../tool';
import { watch } from '../watch';
import { target } from '../words';

/** The longest part of the wait that fits into one request. */
const waitMs = 20_000;

export const requestHuman = readTool({
  kind: 'read',
  name: 'request_human',
  title: 'Ask for a person',
  description:
    'Calls a person to this desktop: for a sign-in, a code, a captcha, a decision that is not yours. Say in one or two sentences what they should do. Waits up to 20 s for an answer; when nobody has come yet the call stays open and await_control goes on waiting. Asking the same again does not make a second call.',
  input: z.strictObject({
    why: z.string().trim().min(1).max(2000).describe('What you need a person for, in words they understand'),
    urgency: z.enum(['now', 'soon', 'later']).default('soon'),
    timeoutSeconds: z.int().min(10).max(86_400).default(600).describe('When nobody has come by then, the call ends'),
  }),
  looks: false,
  record: 'before',
  words: ({ why }) => `Asked for a person: ${target(why, 160)}`,
  async run(context, { why, urgency, timeoutSeconds }) {
    const { session } = context.live;
    const { control, attention } = context.deps;
    const item = context.help.ask(session, context.agent, { why, urgency, deadlineMs: timeoutSeconds * 1000 });
    await watch(context, [item.id], Math.min(waitMs, timeoutSeconds * 1000), () => {
      const state = attention.get(item.id).state;
      const kind = control.state(session.sessionId).kind;
      return state !== 'waiting' || kind === 'human' || kind === 'draining' ? true : null;
    });
    const now: HelpState = helpState(attention.get(item.id));
    context.help.told(session.sessionId, [now]);
    const state = control.state(session.sessionId);
    return {
      structured: { ...now, control: state.kind, holder: state.holder },
      text: controlSentence(state, [now]),
      code: now.state,
    };
  },
});
