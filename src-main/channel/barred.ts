import { WheelhouseError } from '../base/errors';
import type { Tool } from './tool';
import type { ChannelDeps } from './types';

/**
 * Why this tool can't run on this machine now, thrown before it waits for anything: there is no agent inside, or the
 * machine is stopped and can't be asked. Acts on a stopped machine are refused by their admission, which is on record.
 */
export function refuseBarred(tool: Tool, sessionId: string, { broker, control }: ChannelDeps): void {
  if (!tool.asksAgent) return;
  const session = broker.sessions.get(sessionId);
  if (session.machine?.guestAgent === false) {
    throw new WheelhouseError(
      'not_supported',
      `${tool.name} needs Wheelhouse's agent inside the machine, and this one has none: it is somebody's own system, with a screen, a mouse and a keyboard. Use take_screenshot, click, type_text and press_keys.`,
    );
  }
  if (tool.kind === 'read' && session.frozen) {
    const { pausedBy, since } = control.state(sessionId);
    throw new WheelhouseError('control_paused', 'This computer is stopped.', {
      by: pausedBy ?? null,
      since,
      frozen: true,
      tool: 'await_control',
    });
  }
}
