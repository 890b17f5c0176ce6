import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../base/logger';
import { createFakeBackend } from '../../sandbox/fake';
import { startWheelhouse, type WheelhouseOptions } from '../../wheelhouse';
import { apiOf } from './api';

/** A whole Wheelhouse on machines inside this process, with a pool of them, in a folder of its own. */
export async function startFakeHouse(more: Partial<WheelhouseOptions> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-house-'));
  const backend = createFakeBackend({ dataDir });
  const start = () =>
    startWheelhouse({
      dataDir,
      port: 0,
      logger: silentLogger,
      operator: 'ann',
      backends: () => [{ ...backend, close: async () => {} }],
      ...more,
    });
  const wheelhouse = await start();
  const api = apiOf(dataDir);
  const { body: pool } = await api('POST', '/api/pools', {
    displayName: 'Fake',
    backend: 'fake',
    warm: { minimum: 1, maximum: 4 },
  });
  return {
    wheelhouse,
    backend,
    dataDir,
    api,
    /** Once more on the same folder and the same machines, after it was stopped; the caller stops it. */
    again: start,
    /** A live session of a new agent token with this name. */
    async session(name: string) {
      const { secret } = wheelhouse.identity.create({ name, role: 'agent' });
      const answer = await apiOf(dataDir, secret)('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 20_000 });
      if (answer.status !== 200) throw new Error(`No session: ${JSON.stringify(answer.body)}`);
      const { sessionId, computerUrl } = answer.body as { sessionId: string; computerUrl: string };
      const guest = () => backend.guest(wheelhouse.broker.sessions.get(sessionId).machineId!)!;
      return { secret, sessionId, computerUrl, guest };
    },
    async stop() {
      await wheelhouse.stop();
      await backend.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** One tool call as a bare JSON-RPC message, with an id of the caller's choice. */
export async function callTool(
  url: string,
  token: string,
  id: number,
  name: string,
  args: Record<string, unknown> = {},
) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } }),
  });
  const text = await answer.text();
  const data = text.startsWith('{') ? text : (/^data: (.+)$/m.exec(text)?.[1] ?? '{}');
  return JSON.parse(data) as {
    id: number;
    result: { isError?: boolean; structuredContent?: Record<string, unknown>; content: { text?: string }[] };
  };
}
