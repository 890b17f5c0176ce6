import { z } from 'zod';
import { controlSentence } from '../controlWords';
import { helpState, isOpen } from '../helpDesk';
import { readTool, type ToolContext } from '../tool';
import { watch } from '../watch';

const openHelp = (context: ToolContext) =>
  context.help.pending(context.live.session.sessionId).filter((item) => isOpen(item.state));

export const awaitControl = readTool({
  kind: 'read',
  name: 'await_control',
  title: 'Wait for control',
  description:
    "Waits until you hold control and no call for help of yours is open, then tells you the person's note. When the time is up it says how things stand: call it again. After a hand-back take a fresh screenshot.",
  input: z.strictObject({
    timeoutMs: z.int().min(0).max(25_000).default(20_000).describe('How long to wait, at most 25000'),
  }),
  looks: false,
  awake: false,
  record: 'never',
  words: () => 'Waited for control',
  async run(context, { timeoutMs }) {
    const { sessionId } = context.live.session;
    const { control } = context.deps;
    await watch(
      context,
      openHelp(context).map((item) => item.id),
      timeoutMs,
      () => (control.state(sessionId).kind === 'agent' && openHelp(context).length === 0 ? true : null),
    );
    const state = control.state(sessionId);
    const help = context.help.pending(sessionId).map(helpState);
    context.help.told(sessionId, help);
    return {
      structured: {
        control: state.kind,
        holder: state.holder,
        since: state.since,
        ...(help.length > 0 && { help }),
      },
      text: controlSentence(state, help),
    };
  },
});
