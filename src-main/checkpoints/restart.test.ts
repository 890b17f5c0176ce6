import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import { createFakeBackend, type FakeBackend } from '../sandbox/fake';
import { checkpointStore } from '../store/checkpoints';
import { openDatabase } from '../store/database';
import { storeFile } from '../wheelhouse/dataDir';
import { apiOf } from '../wheelhouse/testing/api';
import { startWheelhouse } from '../wheelhouse';

let dataDir: string;
let backend: FakeBackend;
const never = new AbortController().signal;
/** Machines that outlive the broker. */
const start = () =>
  startWheelhouse({
    dataDir,
    port: 0,
    logger: silentLogger,
    operator: 'ann',
    backends: () => [{ ...backend, close: async () => undefined }],
  });

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'wh-kept-'));
  backend = createFakeBackend({ dataDir });
});
afterEach(async () => {
  await backend.close();
  rmSync(dataDir, { recursive: true, force: true });
});

it('finds, after a process that died, what it was saving, what nobody owns and what is gone', async () => {
  const first = await start();
  const api = apiOf(dataDir);
  const { body: pool } = await api('POST', '/api/pools', {
    displayName: 'Fake',
    backend: 'fake',
    warm: { minimum: 1, maximum: 3 },
  });
  const { body: session } = await api('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 10_000 });
  const { sessionId } = session as { sessionId: string };
  const path = `/api/sessions/${sessionId}/checkpoints`;
  const kept = (await api('POST', path, { name: 'kept' })).body;
  const lost = (await api('POST', path, { name: 'lost' })).body;
  const { machineId } = first.broker.sessions.get(sessionId);
  await first.stop();

  // As a process leaves it that dies while the machine is being saved, before and after its files are whole; and one
  // that dies between the row of an end and its files.
  const db = openDatabase(storeFile(dataDir));
  const row = { session_id: sessionId, machine_id: machineId!, backend: 'fake' as const, name: 'x' };
  const more = { cause: 'operator' as const, created_by: 'ann', created_at: 1, after_action_id: null };
  for (const id of ['k_begun', 'k_whole']) checkpointStore(db).insert({ id, ...row, ...more });
  checkpointStore(db).insert({ id: 'k_over', ...row, ...more, session_id: 'session-over' });
  db.close();
  for (const id of ['k_whole', 'k_over', 'k_nobodys']) await backend.checkpoints!.create(machineId!, id, never);
  await backend.checkpoints!.remove(lost.checkpointId, never);

  const second = await start();
  const files = async () => (await backend.checkpoints!.list(never)).map(({ checkpointId }) => checkpointId);
  await expect.poll(files, { timeout: 5_000 }).toEqual([kept.checkpointId]);
  const states = () => second.checkpoints.list(sessionId).map(({ name, state, reason }) => [name, state, reason]);
  await expect.poll(states).toEqual([
    ['kept', 'ready', null],
    ['lost', 'failed', 'Its files are gone.'],
    ['x', 'failed', 'Wheelhouse stopped while it was being saved.'],
    ['x', 'failed', 'Wheelhouse stopped while it was being saved.'],
  ]);
  expect((await apiOf(dataDir)('POST', `${path}/${kept.checkpointId}/restore`)).status).toBe(200);
  await second.stop();
});
