import type { Action } from '@shared/action';
import { iso, type Clock } from '../base/clock';
import { WheelhouseError } from '../base/errors';
import type { Ids } from '../base/ids';
import type { Logger } from '../base/logger';
import type { ActionStore, LinkKind, OutcomeRow } from '../store/actions';
import { transaction, type Database } from '../store/database';
import { canonicalJson } from './canonical';
import { frameContent, genesis, intentContent, linkHash, outcomeContent } from './chain';
import { maskArguments, maskText } from './mask';
import { maskWords, secretsIn } from './maskWords';
import { toAction } from './rows';
import type { Intent, Outcome } from './types';

const maxWords = 400;
const shorten = (text: string, limit: number): string => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

type Owed = { sessionId: string; row: Omit<OutcomeRow, 'outcome_hash'> };

/** Writes rows and their links, each call in one commit. It alone knows the order of the chain. */
export function createLedger(deps: { db: Database; store: ActionStore; clock: Clock; ids: Ids; logger: Logger }) {
  const { db, store, clock } = deps;
  /** Outcomes that the disk refused: they come first when it takes something again. */
  const owed = new Map<string, Owed>();

  const head = (sessionId: string): { n: number; hash: string } =>
    store.head(sessionId) ?? { n: 0, hash: genesis(sessionId) };

  function link(sessionId: string, kind: LinkKind, id: string, content: unknown): { previous: string; hash: string } {
    const last = head(sessionId);
    const n = last.n + 1;
    const hash = linkHash(last.hash, n, kind, content);
    store.addLink(sessionId, { n, kind, action_id: id, hash });
    return { previous: last.hash, hash };
  }

  function writeIntent(intent: Intent): Action {
    const row = {
      id: deps.ids.make('act'),
      session_id: intent.sessionId,
      at: Math.round(clock.now()),
      actor_kind: intent.actor.kind,
      actor_name: shorten(intent.actor.name, 120),
      epoch: intent.epoch,
      tool: intent.tool,
      arguments: canonicalJson(maskArguments(intent.arguments)),
      words: shorten(maskWords(intent.words, secretsIn(intent.arguments)), maxWords),
      point_x: intent.point ? Math.round(intent.point.x) : null,
      point_y: intent.point ? Math.round(intent.point.y) : null,
    };
    const { previous, hash } = link(row.session_id, 'intent', row.id, intentContent(row));
    store.insert({ ...row, previous_hash: previous, hash });
    return {
      id: row.id,
      sessionId: row.session_id,
      at: iso(row.at),
      actor: { kind: intent.actor.kind, name: row.actor_name },
      epoch: row.epoch,
      tool: row.tool,
      arguments: JSON.parse(row.arguments) as Record<string, unknown>,
      words: row.words,
      outcome: 'pending',
      code: null,
      message: null,
      durationMs: null,
      point: row.point_x === null || row.point_y === null ? null : { x: row.point_x, y: row.point_y },
      frameBefore: null,
      frameAfter: null,
      previousHash: previous,
      hash,
      outcomeHash: null,
    };
  }

  function outcomeRow(id: string, outcome: Outcome, durationMs: number | null): Owed['row'] {
    return {
      id,
      outcome: outcome.outcome,
      code: outcome.code === undefined ? null : shorten(maskText(outcome.code), 120),
      message: outcome.message === undefined ? null : shorten(maskText(outcome.message), 2000),
      outcome_words: outcome.words === undefined ? null : shorten(maskText(outcome.words), maxWords),
      duration_ms: durationMs === null ? null : Math.max(0, Math.round(durationMs * 10) / 10),
    };
  }

  function writeOutcome(sessionId: string, row: Owed['row']): string {
    const { hash } = link(sessionId, 'outcome', row.id, outcomeContent(row));
    if (!store.setOutcome({ ...row, outcome_hash: hash })) {
      throw new WheelhouseError('conflict', `Action ${row.id} already has an outcome.`);
    }
    return hash;
  }

  function payOwed(): void {
    if (owed.size === 0) return;
    transaction(db, () => {
      for (const { sessionId, row } of owed.values()) writeOutcome(sessionId, row);
    });
    owed.clear();
  }

  function recorded<T>(work: () => T): T {
    try {
      payOwed();
      return transaction(db, work);
    } catch (error) {
      deps.logger.error({ err: error }, 'the record refused a row');
      const words = 'This could not be recorded, so it was not done. Look whether the disk is full, then try again.';
      throw new WheelhouseError('not_recorded', words, {}, { cause: error });
    }
  }

  const withOutcome = (action: Action, row: Owed['row'], outcomeHash: string | null): Action => ({
    ...action,
    outcome: row.outcome as Action['outcome'],
    code: row.code,
    message: row.message,
    words: row.outcome_words ?? action.words,
    durationMs: row.duration_ms,
    outcomeHash,
  });

  return {
    head(sessionId: string): { links: number; hash: string } {
      const last = head(sessionId);
      return { links: last.n, hash: last.hash };
    },
    /** Durable when it returns. Throws not_recorded: then nothing may run. */
    begin: (intent: Intent): Action => recorded(() => writeIntent(intent)),
    note: (intent: Intent, outcome: Outcome): Action =>
      recorded(() => {
        const action = writeIntent(intent);
        const row = outcomeRow(action.id, outcome, null);
        return withOutcome(action, row, writeOutcome(action.sessionId, row));
      }),
    /** The action has run: this never throws for a full disk. What could not be written is owed. */
    finish(action: Action, outcome: Outcome, durationMs: number): Action {
      const row = outcomeRow(action.id, outcome, durationMs);
      const stored = store.get(action.id);
      // frames may have arrived since the intent
      const current = stored ? toAction(stored) : action;
      try {
        payOwed();
        const hash = transaction(db, () => writeOutcome(action.sessionId, row));
        return withOutcome(current, row, hash);
      } catch (error) {
        deps.logger.error({ err: error, action: action.id }, 'an outcome could not be written; it is owed');
        owed.set(action.id, { sessionId: action.sessionId, row });
        return withOutcome(current, row, null);
      }
    },
    /** Joins stored frames to their rows in one commit; returns the rows that changed. */
    joinFrames(batch: readonly { id: string; side: 'before' | 'after'; hash: string }[]): Action[] {
      const changed = new Set<string>();
      transaction(db, () => {
        for (const { id, side, hash } of batch) {
          const row = store.get(id);
          if (!row || !store.setFrame(id, side, hash)) continue;
          link(row.session_id, side, id, frameContent(id, hash));
          changed.add(id);
        }
      });
      return [...changed].flatMap((id) => {
        const row = store.get(id);
        return row ? [toAction(row)] : [];
      });
    },
    /** Writes what is owed, if the disk takes it now; otherwise the next start marks it interrupted. */
    close(): void {
      try {
        payOwed();
      } catch (error) {
        deps.logger.error({ err: error, rows: owed.size }, 'outcomes could not be written before the end');
      }
    },
    /** What a crash left pending becomes failed, code `interrupted`: nobody knows whether it took effect. */
    recover(): Action[] {
      const left = store.pending();
      const message = 'Wheelhouse stopped while this was under way. It may or may not have taken effect.';
      transaction(db, () => {
        for (const { id, session_id } of left) {
          writeOutcome(session_id, outcomeRow(id, { outcome: 'failed', code: 'interrupted', message }, null));
        }
      });
      return left.flatMap(({ id }) => {
        const row = store.get(id);
        return row ? [toAction(row)] : [];
      });
    },
  };
}
export type Ledger = ReturnType<typeof createLedger>;
