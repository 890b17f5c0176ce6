import type { Action, Actor } from '@shared/action';
import type { Page } from '@shared/session';
import type { Rect } from '../screen/types';

export interface Intent {
  sessionId: string;
  actor: Actor;
  epoch: number;
  tool: string;
  /** As received; masked by the timeline before anything is stored. */
  arguments: Record<string, unknown>;
  words: string;
  point: { x: number; y: number } | null;
}

export interface Outcome {
  outcome: 'done' | 'failed' | 'refused';
  code?: string;
  message?: string;
  /** The words once more is known ("Clicked **Save**"); absent: the intent's stay. */
  words?: string;
}

/** A picture that is being encoded; the timeline stores it and fills the hash in. */
export interface PendingFrame {
  version: number;
  png: Promise<Buffer>;
}

/** One action on its way: the intent is durable before `begin` returns; if it can't be, begin throws not_recorded and nothing may run. */
export interface OpenAction {
  id: string;
  /** Frames arrive when they arrive; the row is announced again. */
  before(frame: PendingFrame): void;
  after(frame: PendingFrame): void;
  finish(outcome: Outcome): Action;
}

export interface Timeline {
  begin(intent: Intent): OpenAction;
  /** A fact with no duration (control taken, session acquired, a person's click): intent and outcome in one commit. */
  note(intent: Intent, outcome?: Outcome, frames?: { before?: PendingFrame; after?: PendingFrame }): Action;
  list(
    sessionId: string,
    query: { limit: number; order: 'asc' | 'desc'; after?: string; before?: string; q?: string },
  ): Page<Action>;
  get(id: string): Action;
  /** Recomputes the chain; the id of the first row that does not fit, or null. */
  verify(sessionId: string): string | null;
  frames: {
    /** Stores by content; returns the SHA-256. */
    put(png: Buffer): Promise<string>;
    /** The file's path; not_found when there is none. */
    path(hash: string): string;
    /** PNG of a part, scaled down (0.05-1); bounded cache. */
    crop(hash: string, rect: Rect, scale: number): Promise<Buffer>;
  };
  /** Actions that a crash left pending become failed, with the code `interrupted`. */
  recover(): void;
}
