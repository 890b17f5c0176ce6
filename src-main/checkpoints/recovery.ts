import type { Logger } from '../base/logger';
import type { SandboxBackend } from '../sandbox/backend';
import type { Shelf } from './shelf';

const listMs = 30_000;

/**
 * After a start: rows that a dead process was saving have failed, rows of sessions that are over go, and files that no
 * row names go. Runs beside new work: what is begun meanwhile has its row before it has files.
 */
export async function recover(
  shelf: Shelf,
  backends: Iterable<SandboxBackend>,
  isLive: (sessionId: string) => boolean,
  /** Kept by others: the whole machine of a suspended session. */
  isOthers: (checkpointId: string) => boolean,
  logger: Logger,
): Promise<void> {
  for (const row of shelf.store.all()) {
    if (!isLive(row.session_id)) shelf.remove(row);
    else if (row.state === 'saving' && !shelf.isBusy(row.session_id)) {
      shelf.store.failed(row.id, 'Wheelhouse stopped while it was being saved.');
      shelf.dropFiles(row.id, row.backend);
      shelf.announce(row.id);
    }
  }
  for (const backend of backends) {
    if (!backend.checkpoints) continue;
    const expected = shelf.store.all().filter((row) => row.backend === backend.kind && row.state === 'ready');
    try {
      const there = await backend.checkpoints.list(AbortSignal.timeout(listMs));
      for (const { checkpointId } of there) {
        const state = shelf.store.get(checkpointId)?.state ?? null;
        if ((state === null || state === 'failed') && !isOthers(checkpointId))
          shelf.dropFiles(checkpointId, backend.kind);
      }
      const ids = new Set(there.map(({ checkpointId }) => checkpointId));
      for (const row of expected) {
        if (ids.has(row.id) || shelf.store.get(row.id)?.state !== 'ready') continue;
        shelf.store.failed(row.id, 'Its files are gone.');
        shelf.announce(row.id);
      }
    } catch (error) {
      logger.warn({ err: error, backend: backend.kind }, 'the checkpoints on disk could not be looked at');
    }
  }
}
