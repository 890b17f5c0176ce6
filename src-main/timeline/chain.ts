import { createHash } from 'node:crypto';
import type { ActionRow, LinkKind, LinkRow } from '../store/actions';
import { canonicalJson } from './canonical';

/**
 * The audit chain: one for each session, so that a session can be exported and checked alone and sessions do not wait
 * for each other's numbers. Every fact is a link of its own, in the order of the commits: the intent, the outcome, and
 * each frame when it arrives. A link is SHA-256 over canonical JSON of {previous, n, kind, content}; `previous` is the
 * hash of link n-1, or of the session's name for the first. So an outcome or a frame can be added once and, after
 * that, neither changed nor taken out unseen. What a chain alone cannot show is a cut at its end, or a whole chain
 * written anew: whoever must exclude that notes the head (`head()`) elsewhere.
 */
export const genesis = (sessionId: string): string =>
  createHash('sha256').update(`wheelhouse:${sessionId}`).digest('hex');

export function linkHash(previous: string, n: number, kind: LinkKind, content: unknown): string {
  return createHash('sha256').update(canonicalJson({ previous, n, kind, content })).digest('hex');
}

type IntentFields = Omit<
  ActionRow,
  | 'seq'
  | 'previous_hash'
  | 'hash'
  | 'outcome'
  | 'code'
  | 'message'
  | 'outcome_words'
  | 'duration_ms'
  | 'outcome_hash'
  | 'frame_before'
  | 'frame_after'
>;

/** What the intent's link covers; arguments as the stored text, so that nothing depends on parsing it again. */
export const intentContent = (row: IntentFields): unknown => ({
  id: row.id,
  session: row.session_id,
  at: row.at,
  actor: [row.actor_kind, row.actor_name],
  epoch: row.epoch,
  tool: row.tool,
  arguments: row.arguments,
  words: row.words,
  point: row.point_x === null ? null : [row.point_x, row.point_y],
});

export const outcomeContent = (
  row: Pick<ActionRow, 'id' | 'outcome' | 'code' | 'message' | 'outcome_words' | 'duration_ms'>,
): unknown => ({
  id: row.id,
  outcome: row.outcome,
  code: row.code,
  message: row.message,
  words: row.outcome_words,
  durationMs: row.duration_ms,
});

export const frameContent = (id: string, hash: string): unknown => ({ id, frame: hash });

/** Walks the links and recomputes each from its row. Returns the id of the first action that does not fit, or null. */
export function verifyChain(sessionId: string, rows: readonly ActionRow[], links: readonly LinkRow[]): string | null {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const seen = new Set<string>();
  let previous = genesis(sessionId);
  let n = 0;
  for (const link of links) {
    n += 1;
    const row = byId.get(link.action_id);
    const key = `${link.kind}:${link.action_id}`;
    if (!row || link.n !== n || seen.has(key) || !linkFits(row, link, previous)) return link.action_id;
    seen.add(key);
    previous = link.hash;
  }
  const unlinked = rows.find(
    (row) =>
      !seen.has(`intent:${row.id}`) ||
      seen.has(`outcome:${row.id}`) !== (row.outcome !== 'pending') ||
      seen.has(`before:${row.id}`) !== (row.frame_before !== null) ||
      seen.has(`after:${row.id}`) !== (row.frame_after !== null),
  );
  return unlinked?.id ?? null;
}

function linkFits(row: ActionRow, link: LinkRow, previous: string): boolean {
  const fits = (content: unknown) => linkHash(previous, link.n, link.kind, content) === link.hash;
  switch (link.kind) {
    case 'intent':
      return row.previous_hash === previous && row.hash === link.hash && fits(intentContent(row));
    case 'outcome':
      return row.outcome_hash === link.hash && fits(outcomeContent(row));
    case 'before':
      return fits(frameContent(row.id, row.frame_before ?? ''));
    case 'after':
      return fits(frameContent(row.id, row.frame_after ?? ''));
    default:
      return false;
  }
}
