import { WheelhouseError } from '../base/errors';
import type { CheckpointRow } from '../store/checkpoints';

/** Bytes that all checkpoints together may take, unless told otherwise: 20 GiB. */
export const usualBytes = 20 * 1024 ** 3;
/** Failed ones of a session that stay to be read; they hold nothing. */
const failedKept = 3;

const gib = (bytes: number): string => `${Math.round((bytes / 1024 ** 3) * 10) / 10} GiB`;
const byPolicy = (row: CheckpointRow): boolean =>
  row.state === 'ready' && (row.cause === 'takeover' || row.cause === 'command');

/**
 * Which checkpoints go so that one more may be saved in this session: policy's own oldest ones, the session's for its
 * number, anybody's for the bytes. An agent's request moves none of another session, and none that a takeover made: it is
 * the way back from what the agent did. `spared` are in use. Throws too_many when that does not make room. Rows are oldest first.
 */
export function makeRoom(
  rows: readonly CheckpointRow[],
  request: { sessionId: string; byAgent: boolean; keep: number; maxBytes: number; spared: ReadonlySet<string> },
): CheckpointRow[] {
  const { sessionId, byAgent, keep, maxBytes, spared } = request;
  const going = new Set<CheckpointRow>();
  const oldest = (candidates: readonly CheckpointRow[]) =>
    candidates.find(
      (row) =>
        byPolicy(row) &&
        !going.has(row) &&
        !spared.has(row.id) &&
        !(byAgent && (row.cause === 'takeover' || row.session_id !== sessionId)),
    );

  const own = rows.filter((row) => row.session_id === sessionId);
  const failed = own.filter((row) => row.state === 'failed');
  for (const row of failed.slice(0, Math.max(0, failed.length - failedKept))) going.add(row);
  let held = own.length - failed.length;
  while (held >= keep) {
    const row = oldest(own);
    if (!row) {
      throw new WheelhouseError(
        'too_many',
        `This session has ${held} checkpoints, and its pool keeps ${keep}. Remove one first.`,
        { keep },
      );
    }
    going.add(row);
    held -= 1;
  }
  let bytes = rows.reduce((sum, row) => sum + (going.has(row) ? 0 : (row.bytes ?? 0)), 0);
  while (bytes >= maxBytes) {
    const row = oldest(rows);
    if (!row) {
      throw new WheelhouseError(
        'too_many',
        `All checkpoints together take ${gib(bytes)}; at most ${gib(maxBytes)} are kept. Remove some first.`,
        { bytes, maxBytes },
      );
    }
    going.add(row);
    bytes -= row.bytes ?? 0;
  }
  return [...going];
}
