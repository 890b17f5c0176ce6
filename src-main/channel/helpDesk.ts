import type { Attention } from '@shared/action';
import type { Session } from '@shared/session';
import { WheelhouseError } from '../base/errors';
import type { AttentionQueue } from '../control/types';

export interface HelpState {
  id: string;
  state: Attention['state'];
  why: string;
  urgency: Attention['urgency'];
  deadline: string | null;
  answeredBy: string | null;
  answer: string | null;
}

/** What the agent may know of its call. Picked field by field: `personNote` is for people only. */
export const helpState = ({ id, state, why, urgency, deadline, answeredBy, answer }: Attention): HelpState => ({
  id,
  state,
  why,
  urgency,
  deadline,
  answeredBy,
  answer,
});

export const isOpen = (state: Attention['state']): boolean => state === 'waiting' || state === 'taken';

const mostOpen = 3;

/**
 * The calls for help that a session's agent has made and not yet heard the end of. An agent that asks the same thing
 * again keeps its place in the queue, so a retry after a time-out makes no second call.
 */
export class HelpDesk {
  private readonly asked = new Map<string, Set<string>>();

  constructor(private readonly attention: AttentionQueue) {}

  /** too_many when the session already has three open calls for other things. */
  ask(
    session: Session,
    agent: string,
    call: { why: string; urgency: Attention['urgency']; deadlineMs: number },
  ): Attention {
    const pending = this.pending(session.sessionId);
    const same = pending.find((item) => item.why === call.why);
    if (same) return same;
    if (pending.filter((item) => isOpen(item.state)).length >= mostOpen) {
      throw new WheelhouseError(
        'too_many',
        'Three calls for help already wait. Wait for one of them with await_control.',
      );
    }
    const item = this.attention.ask({
      kind: 'help',
      sessionId: session.sessionId,
      poolId: session.poolId,
      title: `${agent} asks for a person`,
      why: call.why,
      urgency: call.urgency,
      deadlineMs: call.deadlineMs,
    });
    const ids = this.asked.get(session.sessionId) ?? new Set();
    ids.add(item.id);
    this.asked.set(session.sessionId, ids);
    return item;
  }

  /** Open calls, and ended ones whose end the agent has not been told. */
  pending(sessionId: string): Attention[] {
    const ids = this.asked.get(sessionId);
    if (!ids) return [];
    return [...ids].flatMap((id) => {
      try {
        return [this.attention.get(id)];
      } catch {
        ids.delete(id);
        return [];
      }
    });
  }

  /** The agent has heard how these stand: ended ones are done with. */
  told(sessionId: string, items: readonly Pick<Attention, 'id' | 'state'>[]): void {
    const ids = this.asked.get(sessionId);
    for (const item of items) if (!isOpen(item.state)) ids?.delete(item.id);
  }

  forget(sessionId: string): void {
    this.asked.delete(sessionId);
  }
}
