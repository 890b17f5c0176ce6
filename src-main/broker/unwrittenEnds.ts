import type { Session } from '@shared/session';
import { asWheelhouseError, WheelhouseError } from '../base/errors';
import type { Core } from './core';

export type EndedAs = Pick<Session, 'status' | 'reason' | 'endedAt'>;

/**
 * Sessions that have ended while the disk took no word of it. To everybody they are gone; what is still to be written is
 * tried again until it is. Kept in memory alone: after a crash such a session is found as the store has it, and its
 * machine, if it is there, with it.
 */
export class UnwrittenEnds {
  private readonly ends = new Map<string, { as: EndedAs; gone: WheelhouseError; write: () => void }>();

  constructor(private readonly core: Core) {}

  get(sessionId: string): WheelhouseError | undefined {
    return this.ends.get(sessionId)?.gone;
  }
  /** How it is shown until the store says so itself. */
  as(sessionId: string): EndedAs | undefined {
    return this.ends.get(sessionId)?.as;
  }
  add(sessionId: string, as: EndedAs, write: () => void): void {
    const reason = as.reason ?? '';
    const words = `The session has ended: ${reason.replace(/\.$/, '')}. Acquire a new one.`;
    this.ends.set(sessionId, { as, gone: new WheelhouseError('session_gone', words, { reason }), write });
  }
  /** Those that the disk refuses again stay. */
  write(): void {
    for (const [sessionId, { write }] of this.ends) {
      try {
        write();
        this.ends.delete(sessionId);
      } catch (error) {
        if (asWheelhouseError(error).code === 'not_recorded') return;
        // Somebody else ended it meanwhile.
        this.ends.delete(sessionId);
        this.core.options.logger.warn({ sessionId, err: error }, 'the end of a session was not written');
      }
    }
  }
}
