import type { Clock } from '../base/clock';
import type { Broker } from '../broker/types';
import type { Control } from '../control/types';
import type { RelayPolicy } from '../screen/types';
import type { HumanRecorder } from '../timeline';

/** How long viewers whom we cut off may take to come back, milliseconds. */
const returnMs = 5_000;

/**
 * The gate's questions. A viewer's input reaches the machine only when its ticket was interactive and its operator
 * holds control at that instant; nothing that a client sends can change either.
 */
export function createRelayPolicy(rooms: {
  control: Pick<Control, 'holds' | 'touched' | 'viewerOpened' | 'viewerClosed'>;
  broker: Pick<Broker, 'touch'>;
  human: Pick<HumanRecorder, 'input'>;
  clock: Pick<Clock, 'after'>;
}): RelayPolicy & {
  interactive(viewerId: string): void;
  forget(viewerId: string): void;
  /** From now until the returned call, viewers of this session are cut off by us: nobody has left. */
  cutOff(sessionId: string): () => void;
} {
  const { control, broker, human } = rooms;
  const interactive = new Set<string>();
  const away = new Map<string, (() => void)[]>();
  return {
    cutOff(sessionId) {
      const left = away.get(sessionId) ?? [];
      away.set(sessionId, left);
      return () => {
        if (away.get(sessionId) === left) away.delete(sessionId);
        rooms.clock.after(returnMs, () => {
          for (const tell of left.splice(0)) tell();
        });
      };
    },
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
      if (!interactive.delete(viewer.viewerId)) return;
      const tell = (): void => control.viewerClosed(viewer.sessionId, viewer.operator, clean);
      const left = away.get(viewer.sessionId);
      if (left) left.push(tell);
      else tell();
    },
  };
}
