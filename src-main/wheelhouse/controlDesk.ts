import type { ControlRequest, ControlState } from '@shared/control';
import type { AttentionQueue, Control, Operator } from '../control/types';
import type { HumanRecorder } from '../timeline';

/**
 * Control as operators reach it. Around each act of theirs stands what other rooms have to do with it: what was typed
 * is put on record before hands change, taking control takes the session's call for help, handing back answers it.
 */
export function controlDesk(
  control: Control,
  rooms: { attention: AttentionQueue; human: Pick<HumanRecorder, 'flush'> },
): Control {
  const { attention, human } = rooms;

  async function act(sessionId: string, operator: Operator, request: ControlRequest): Promise<ControlState> {
    human.flush(sessionId);
    const before = control.state(sessionId);
    const state = await control.act(sessionId, operator, request);
    const holdsNow = state.kind === 'human' && state.holder === operator.name;
    if (request.action === 'take' && holdsNow) attention.taken(sessionId, operator.name);
    if (request.action === 'release' && before.kind === 'human') {
      attention.answeredBySession(sessionId, operator.name, request.note ?? '');
    }
    return state;
  }

  return {
    act,
    state: (sessionId) => control.state(sessionId),
    admit: (sessionId) => control.admit(sessionId),
    holds: (sessionId, operator) => control.holds(sessionId, operator),
    touched: (sessionId) => control.touched(sessionId),
    viewerOpened: (sessionId, operator) => control.viewerOpened(sessionId, operator),
    viewerClosed: (sessionId, operator, clean) => control.viewerClosed(sessionId, operator, clean),
    awaitAgent: (sessionId, timeoutMs, signal) => control.awaitAgent(sessionId, timeoutMs, signal),
    takeHandback: (sessionId) => control.takeHandback(sessionId),
    onChange: (listener) => control.onChange(listener),
    open: (sessionId) => control.open(sessionId),
    close: (sessionId) => control.close(sessionId),
  };
}
