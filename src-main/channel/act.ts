import { WheelhouseError, asWheelhouseError } from '../base/errors';
import type { Admission } from '../control/types';
import type { ScreenHub } from '../screen/types';
import type { Intent, Outcome } from '../timeline/types';
import { orAborted } from './actQueue';
import type { CallSignal } from './callSignal';
import { attach } from './frames';
import type { ActTool, ToolAnswer, ToolContext } from './tool';
import type { ChannelSettings } from './types';

export interface ActCall {
  tool: ActTool;
  args: Record<string, unknown>;
  /** All but the epoch, which admission gives. */
  context: Omit<ToolContext, 'epoch'>;
  call: CallSignal;
  /** For frames and settling; null when the screen can't be had: tools of the in-guest agent still work. */
  hub: ScreenHub | null;
  settings: ChannelSettings;
}

/**
 * The way of one act, once it is its turn: admitted under an epoch → intent stored, with the frame before → effect →
 * outcome stored → picture still → frame after → answer. What was not admitted or not recorded never runs.
 * Rejects with a WheelhouseError; a row says how it ended in every case.
 */
export async function act({ tool, args, context, call, hub, settings }: ActCall): Promise<ToolAnswer> {
  const { control, timeline } = context.deps;
  const { sessionId } = context.live.session;
  const intent = (epoch: number): Intent => ({
    sessionId,
    actor: { kind: 'agent', name: context.agent },
    epoch,
    tool: tool.name,
    arguments: args,
    words: tool.words(args),
    point: tool.point?.(args) ?? null,
  });

  call.signal.throwIfAborted();
  let admission: Admission;
  try {
    admission = control.admit(sessionId);
    if (control.handbackWaits(sessionId)) {
      admission.done();
      // A click decided before a person worked here would land blind; the answer carries the note, and the next act runs.
      throw new WheelhouseError('stale_epoch', 'A person worked here since you last looked.', { unread: true });
    }
  } catch (thrown) {
    const error = asWheelhouseError(thrown);
    try {
      timeline.note(intent(control.state(sessionId).epoch), {
        outcome: 'refused',
        code: error.code,
        message: error.message,
      });
    } catch (unrecorded) {
      // Nothing ran, so the refusal stands and is what the agent must hear.
      context.deps.logger.error({ err: unrecorded, sessionId, tool: tool.name }, 'refusal not recorded');
    }
    throw error;
  }

  let released = false;
  const release = () => {
    if (!released) admission.done();
    released = true;
  };
  try {
    const row = timeline.begin(intent(admission.epoch));
    // Asked for before the input goes out; see attach.
    attach(hub, (frame) => row.before(frame));
    let answer: ToolAnswer;
    try {
      call.also(admission.signal, () => cutOff(admission.signal.reason, control.state(sessionId)));
      answer = await orAborted(tool.run({ ...context, epoch: admission.epoch }, args), call.signal);
    } catch (thrown) {
      const error = asWheelhouseError(thrown);
      attach(hub, (frame) => row.after(frame));
      row.finish(outcomeOf(error));
      throw error;
    }
    // The effect is over: a take-over need not wait for the picture.
    release();
    const finished: Outcome = { outcome: 'done', code: answer.code, words: answer.words };
    if (hub && args['settle'] === true) {
      await hub.settle(settings.settleQuietMs, settings.settleMaxMs).catch(() => {});
    }
    if (!tool.renewsScreen) attach(hub, (frame) => row.after(frame));
    else {
      // Opened for the record, and for the agent's next look; the answer does not wait for it.
      context.hub(true).then(
        (screen) => attach(screen, (frame) => row.after(frame)),
        () => {},
      );
    }
    row.finish(finished);
    return answer;
  } finally {
    release();
  }
}

/** An admission ends early because a person took control or stopped the computer, or because the session ended under it. */
function cutOff(reason: unknown, { holder, since }: { holder: string | null; since: string }): WheelhouseError {
  if (reason instanceof WheelhouseError && reason.code === 'session_gone') return reason;
  if (reason instanceof WheelhouseError && reason.code === 'control_paused') {
    return new WheelhouseError('control_paused', 'Cut off: the session was paused.', { ...reason.data, cutOff: true });
  }
  return new WheelhouseError('control_held', 'Cut off: a person took control.', {
    holder,
    since,
    tool: 'await_control',
    cutOff: true,
  });
}

/** Stopped by the fence or by a take-over counts as refused when nothing ran, and as failed when it may have begun. */
function outcomeOf(error: WheelhouseError): Outcome {
  const refused = error.code === 'stale_epoch';
  return { outcome: refused ? 'refused' : 'failed', code: error.code, message: error.message };
}
