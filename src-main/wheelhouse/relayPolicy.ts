import type { Broker } from '../broker/types';
import type { Control } from '../control/types';
import type { RelayPolicy } from '../screen/types';
import type { HumanRecorder } from '../timeline';

/**
 * The gate's questions. A viewer's input reaches the machine only when its ticket was interactive and its operator
 * holds control at that instant; nothing that a client sends can change either.
 */
export function createRelayPolicy(rooms: {
  control: Pick<Control, 'holds' | 'touched' | 'viewerOpened' | 'viewerClosed'>;
  broker: Pick<Broker, 'touch'>;
  human: Pick<HumanRecorder, 'input'>;
}): RelayPolicy & { interactive(viewerId: string): void; forget(viewerId: string): void } {
  const { control, broker, human } = rooms;
  const interactive = new Set<string>();
  return {
    interactive: (viewerId) => void interactive.add(viewerId),
    forget: (viewerId) => void interactive.delete(viewerId),
    mayInput: (viewer) => interactive.has(viewer.viewerId) && control.holds(viewer.sessionId, viewer.operator),
    onInput(viewer, input) {
      control.touched(viewer.sessionId);
      broker.touch(viewer.sessionId);
      human.input(viewer, input);
    },
    onOpened(viewer) {
      if (interactive.has(viewer.viewerId)) control.viewerOpened(viewer.sessionId, viewer.operator);
    },
    onClosed(viewer, clean) {
      if (interactive.delete(viewer.viewerId)) control.viewerClosed(viewer.sessionId, viewer.operator, clean);
    },
  };
}
