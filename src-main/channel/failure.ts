import type { WheelhouseError } from '../base/errors';

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function whenAgain(data: Record<string, unknown>): string {
  const seconds = data['retryAfterSeconds'];
  const when = typeof seconds === 'number' && seconds > 5 ? `in ${seconds} seconds` : 'in some seconds';
  return `Try again ${when}, not before; if it stays so, tell the operator.`;
}

function stoppedText(data: Record<string, unknown>, since: string | null): string {
  const who = textOf(data['by']) ?? 'A person';
  return data['cutOff']
    ? `Cut off: ${who} stopped this computer while this ran, and it may be half done. Nothing runs on it now. Call await_control to wait until it goes on, then take a fresh screenshot.`
    : `Refused, nothing was done: ${who} has stopped this computer${since ? ` since ${since}` : ''}, and nothing runs on it. Call await_control to wait until it goes on; take_screenshot shows its last picture.`;
}

/** What happened, and what the agent does next. The agent reads nothing else, so the second part is never missing. */
export function failureText(error: WheelhouseError): string {
  const { data } = error;
  const holder = textOf(data['holder']) ?? 'A person';
  const since = textOf(data['since']);
  switch (error.code) {
    case 'control_held':
      return data['cutOff']
        ? `Cut off: ${holder} took control while this ran, and it may be half done. Call await_control to wait for the hand-back, then take a fresh screenshot.`
        : `Refused, nothing was done: ${holder} has held control${since ? ` since ${since}` : ''}. Call await_control to wait for the hand-back. Do not retry before; take_screenshot and list_windows still answer unless the hold is private.`;
    case 'control_paused':
      if (data['frozen']) return stoppedText(data, since);
      return `Refused, nothing was done: the desktop is paused${since ? ` since ${since}` : ''}, nobody acts. Call await_control to wait until it goes on.`;
    case 'stale_epoch':
      if (data['unread'])
        return 'Refused, nothing was done: a person had control since you last looked, so what you planned is out of date. Read the note below, take a fresh screenshot, then act.';
      return 'Refused: control changed hands while this was on its way, so it was stopped and may be half done. Call get_control, then take a fresh screenshot.';
    case 'not_recorded':
      return 'Nothing was done: the action could not be recorded, and unrecorded actions do not run. Try again in some seconds; if it stays so, ask for a person.';
    case 'not_ready':
      if (data['suspended']) return `${error.message} Nothing was done.`;
      // Of a pool that makes no machine, the message says why and when the next try is: far from some seconds.
      if (textOf(data['reason'])) return `${error.message} Nothing was done. ${whenAgain(data)}`;
      return 'The desktop is not ready yet. Try again in 2 to 5 seconds.';
    case 'session_gone':
      return data['stopped']
        ? `${error.message} If your task should still go on, call start_session and go on from your own notes; if a person stopped it, ask first.`
        : `${error.message} Start a new session and go on from your own notes.`;
    case 'bad_request':
      return `${error.message} Nothing was done.`;
    case 'timeout':
    case 'guest_timeout':
      return `${error.message} It may still take effect: look at the screen before you try again.`;
    case 'guest_failed':
      if (data['suspended'])
        return `${error.message} Nothing was done. Try again in some seconds; if it stays so, ask for a person.`;
      return `${error.message} Look at the screen; if the desktop does not answer, end the session and start another.`;
    case 'too_many':
    case 'queue_full':
    case 'acquire_timeout':
      return `${error.message} Wait some seconds, then try again.`;
    case 'session_limit':
      return `${error.message} End one of your own with end_session, or go on in it; waiting alone does not help.`;
    case 'conflict':
      return `${error.message} Nothing was done.`;
    case 'not_supported':
      return `${error.message} Nothing was done, and trying again does not help.`;
    case 'pool_paused':
    case 'backend_unreachable':
    case 'image_missing':
      // The message says what mends it, to whom it may concern: that is not the agent.
      return `${error.message} Only an operator can change that: report it, or try again later.`;
    default:
      return error.message;
  }
}
