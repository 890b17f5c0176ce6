import { WheelhouseError, asWheelhouseError } from '../base/errors';
import type { Intent } from '../timeline/types';
import { orAborted } from './actQueue';
import type { ReadTool, ToolAnswer, ToolContext } from './tool';

/** A private hold shows nothing of the machine to the agent. */
function refusePrivate(tool: ReadTool, context: ToolContext): void {
  const state = context.deps.control.state(context.live.session.sessionId);
  if (!tool.looks || !state.private || state.kind === 'agent') return;
  throw new WheelhouseError('control_held', 'The screen is private while a person holds control.', {
    holder: state.holder,
    since: state.since,
    tool: 'await_control',
    private: true,
  });
}

/**
 * The way of one read: no admission, no queue; recorded when it shows something, after it or, before a long wait, ahead
 * of it. Rejects with a WheelhouseError.
 */
export async function read(tool: ReadTool, args: Record<string, unknown>, context: ToolContext): Promise<ToolAnswer> {
  const { timeline } = context.deps;
  const intent = (): Intent => ({
    sessionId: context.live.session.sessionId,
    actor: { kind: 'agent', name: context.agent },
    epoch: context.epoch,
    tool: tool.name,
    arguments: args,
    words: tool.words(args),
    point: null,
  });
  if (tool.record === 'before') return recordedFirst(tool, args, context, intent());
  try {
    refusePrivate(tool, context);
    const answer = await orAborted(tool.run(context, args), context.signal);
    if (tool.record === 'after') {
      timeline.note(intent(), { outcome: 'done', code: answer.code, words: answer.words }, { after: answer.frame });
    }
    return answer;
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    if (tool.record === 'after' && error.code !== 'not_recorded') {
      const refused = error.code === 'control_held';
      timeline.note(intent(), {
        outcome: refused ? 'refused' : 'failed',
        code: error.code,
        message: error.message,
      });
    }
    throw error;
  }
}

/** The row stands, pending, while the tool waits. */
async function recordedFirst(
  tool: ReadTool,
  args: Record<string, unknown>,
  context: ToolContext,
  intent: Intent,
): Promise<ToolAnswer> {
  const row = context.deps.timeline.begin(intent);
  try {
    const answer = await orAborted(tool.run(context, args), context.signal);
    row.finish({ outcome: 'done', code: answer.code, words: answer.words });
    return answer;
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    row.finish({ outcome: 'failed', code: error.code, message: error.message });
    throw error;
  }
}
