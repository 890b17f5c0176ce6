import type { Session } from '@shared/session';
import type { Broker } from '../broker/types';
import type { AttentionQueue, Control } from '../control/types';
import type { Logger } from '../base/logger';
import type { ScreenHubs } from '../screen/types';
import type { HumanRecorder, TimelineService } from '../timeline';

/**
 * What the other rooms do when a session begins and ends. The broker announces; nothing here can hold it up or fail it.
 * Returns the disposer.
 */
export function followSessions(rooms: {
  broker: Broker;
  control: Control;
  hubs: ScreenHubs;
  attention: AttentionQueue;
  human: HumanRecorder;
  timeline: Pick<TimelineService, 'note' | 'list'>;
  dropViewers(sessionId: string): void;
  logger: Logger;
}): () => void {
  const { broker, control, hubs, attention, human, timeline, dropViewers, logger } = rooms;
  const each = (sessionId: string, steps: Record<string, () => void>): void => {
    for (const [name, step] of Object.entries(steps)) {
      try {
        step();
      } catch (error) {
        logger.error({ err: error, sessionId, step: name }, 'a step of a session’s life failed');
      }
    }
  };
  const note = (session: Session, tool: string, words: string): void => {
    const epoch = control.state(session.sessionId).epoch;
    timeline.note({
      sessionId: session.sessionId,
      actor: { kind: 'broker', name: 'Wheelhouse' },
      epoch,
      tool,
      arguments: {},
      words,
      point: null,
    });
  };

  const offLive = broker.onLive((session) => {
    const { sessionId, caller } = session;
    each(sessionId, { control: () => control.open(sessionId) });
    // After the caller has its answer; a session that came back has its story already.
    setImmediate(() =>
      each(sessionId, {
        record() {
          const begun = timeline.list(sessionId, { limit: 1, order: 'asc' }).data.length > 0;
          if (!begun) note(session, 'session.started', `Started for **${caller}**`);
        },
      }),
    );
  });
  const offEnded = broker.onEnded((session) => {
    const { sessionId } = session;
    each(sessionId, {
      human: () => human.flush(sessionId),
      record: () => note(session, 'session.ended', session.reason ?? 'The session ended'),
      viewers: () => dropViewers(sessionId),
      screen: () => hubs.close(sessionId),
      attention: () => attention.withdraw(sessionId),
      control: () => control.close(sessionId),
    });
  });
  return () => {
    offLive();
    offEnded();
  };
}
