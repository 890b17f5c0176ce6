import type { Session } from '@shared/session';
import type { Broker, Kept } from '../broker/types';
import type { AttentionQueue, Control } from '../control/types';
import type { Logger } from '../base/logger';
import type { ScreenHubs } from '../screen/types';
import type { HumanRecorder, TimelineService } from '../timeline';

/** Suspended, or on its way back: it has no machine. False for a session that nobody knows. */
export function isAway(broker: Pick<Broker, 'sessions'>, sessionId: string): boolean {
  try {
    const { status } = broker.sessions.get(sessionId);
    return status === 'idle' || status === 'acquiring';
  } catch {
    return false;
  }
}

/**
 * What the other rooms do when a session begins, is suspended, comes back and ends. The broker announces; nothing here can hold it up or fail it.
 * Returns the disposer.
 */
export function followSessions(rooms: {
  broker: Broker;
  control: Control;
  hubs: ScreenHubs;
  attention: AttentionQueue;
  human: HumanRecorder;
  timeline: Pick<TimelineService, 'note' | 'list'>;
  /** `why`: told to them. */
  dropViewers(sessionId: string, why?: string): void;
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

  /** On record already, and told again after a restart. While it is suspended only people do anything, and seldom. */
  const isNoted = (sessionId: string): boolean =>
    timeline.list(sessionId, { limit: 50, order: 'desc' }).data.find(({ tool }) => tool.startsWith('session.'))
      ?.tool === 'session.suspended';
  /** Stopped by a person while it had no machine: the new one stops too. */
  const stopAgain = (sessionId: string): void => {
    const { kind, pausedBy } = control.state(sessionId);
    if (kind !== 'paused' || !pausedBy) return;
    broker.freeze(sessionId).catch((error: unknown) => {
      logger.error({ err: error, sessionId }, 'a machine that is to be stopped could not be stopped');
    });
  };

  const offLive = broker.onLive((session, resumed) => {
    const { sessionId, caller } = session;
    each(sessionId, { control: () => control.open(sessionId) });
    if (resumed) {
      return each(sessionId, {
        ice: () => stopAgain(sessionId),
        record: () => note(session, 'session.resumed', backWords(resumed)),
      });
    }
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
  const offSuspended = broker.onSuspended((session, kept) => {
    const { sessionId } = session;
    each(sessionId, {
      // Who holds control, or stopped it, goes on to, whatever machine it has.
      control: () => control.open(sessionId),
      human: () => human.flush(sessionId),
      record() {
        if (!isNoted(sessionId)) note(session, 'session.suspended', awayWords(kept));
      },
      viewers: () => dropViewers(sessionId, 'the session was suspended'),
      screen: () => hubs.close(sessionId),
    });
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
    offSuspended();
    offEnded();
  };
}

const because = (failure: string | null, words: string): string => (failure ? `. ${words}: ${failure}` : '');

const awayWords = ({ all, failure }: Kept): string =>
  all
    ? 'Suspended: all of its desktop is saved'
    : `Suspended: its desktop went, its home is kept${because(failure, 'The desktop could not be saved')}`;

const backWords = ({ all, failure }: Kept): string =>
  all
    ? 'Came back, and goes on from where it was'
    : `Came back on a new desktop, with its home${because(failure, 'The saved one could not go on')}`;
