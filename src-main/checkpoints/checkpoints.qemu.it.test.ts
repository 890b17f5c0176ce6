import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import { stockClients, textOf, type StockClient } from '../channel/testing/clients';
import { eventually } from '../sandbox/backend.contract';
import { createQemuBackend } from '../sandbox/qemu';
import { startWheelhouse, type Wheelhouse } from '../wheelhouse';
import { apiOf } from '../wheelhouse/testing/api';
import { RawViewer } from '../wheelhouse/testing/rawViewer';

/** All of Wheelhouse on real machines of QEMU, driven by a real MCP client and over HTTP. Slow where QEMU emulates. */
let dataDir: string;
let wheelhouse: Wheelhouse;
let client: StockClient;
let sessionId: string;
const long = 300_000;
const patient = { timeout: 120_000, interval: 20 };

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'wh-rewind-'));
  wheelhouse = await startWheelhouse({
    dataDir,
    port: 0,
    logger: silentLogger,
    operator: 'ann',
    backends: (context) => [createQemuBackend(context)],
    defaultBackend: 'qemu',
  });
  const api = apiOf(dataDir);
  // The first pool would keep machines of its own beside the one that is tried.
  for (const { id } of wheelhouse.broker.pools.list()) await api('DELETE', `/api/pools/${id}`);
  const { body: pool } = await api('POST', '/api/pools', {
    displayName: 'Machines',
    backend: 'qemu',
    size: { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 },
    warm: { minimum: 1, maximum: 2 },
  });
  const ready = () => wheelhouse.broker.pools.get(pool.id).observed.machines.ready;
  await eventually(async () => expect(ready()).toBeGreaterThan(0), long - 30_000);
  const { secret } = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const answer = await apiOf(dataDir, secret)('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 30_000 });
  sessionId = answer.body.sessionId;
  client = await stockClients[0]![1](answer.body.computerUrl, secret, 'Robot');
}, long);
afterAll(async () => {
  await client?.close();
  await wheelhouse?.stop({ destroy: true });
  rmSync(dataDir, { recursive: true, force: true });
}, long);

const sh = async (command: string) => {
  const answer = await client.call('execute_shell_command', { command, timeoutMs: 60_000 });
  expect(answer.isError, textOf(answer)).toBeFalsy();
  return answer.structuredContent as { stdout: string };
};
const watchScreen = async (): Promise<RawViewer> => {
  const path = `/api/sessions/${sessionId}/screen-tickets`;
  return RawViewer.open((await apiOf(dataDir)('POST', path, { mode: 'view' })).body.url as string);
};

it(
  'an agent writes, an operator rewinds: the file is back, the screens reconnect, the agent is told before it acts',
  async () => {
    const api = apiOf(dataDir);
    const path = `/api/sessions/${sessionId}/checkpoints`;
    await client.call('take_screenshot');
    await sh('echo precious > notes.txt');
    const saved = await api('POST', path, { name: 'before the form' });
    expect([saved.status, saved.body]).toMatchObject([201, { state: 'ready', name: 'before the form' }]);
    await sh('rm notes.txt; echo bad > bad.txt');
    const viewer = await watchScreen();

    const back = await api('POST', `${path}/${saved.body.checkpointId}/restore`);
    expect([back.status, back.body.error]).toEqual([200, undefined]);
    await expect.poll(() => wheelhouse.control.state(sessionId).kind, patient).toBe('agent');
    await expect.poll(() => viewer.closedWith, patient).toBe(1000);
    (await watchScreen()).close();

    const told = await client.call('click', { x: 300, y: 300 });
    expect(told).toMatchObject({ isError: true, structuredContent: { code: 'stale_epoch' } });
    expect(JSON.stringify(told)).toContain('ann put this desktop back to checkpoint “before the form”');
    expect((await client.call('take_screenshot')).isError).toBeFalsy();
    expect((await sh('cat notes.txt; ls bad.txt 2>/dev/null')).stdout).toBe('precious\n');
  },
  long,
);

it(
  'stop-everything stops its processors, and they go on',
  async () => {
    const api = apiOf(dataDir);
    expect((await api('POST', '/api/stop')).body).toEqual({ sessions: 1 });
    const { machineId, backend } = wheelhouse.broker.machineOf(sessionId);
    const machine = async () =>
      (await backend.list(AbortSignal.timeout(10_000))).find((each) => each.machineId === machineId);
    expect(await machine()).toMatchObject({ paused: true });
    expect((await client.call('take_screenshot')).structuredContent).toMatchObject({ stopped: true });
    expect((await client.call('click', { x: 3, y: 3 })).structuredContent).toMatchObject({
      code: 'control_paused',
      by: 'ann',
    });
    expect((await api('POST', '/api/resume')).body).toEqual({ sessions: 1 });
    await expect.poll(() => wheelhouse.control.state(sessionId).kind, patient).toBe('agent');
    expect(await machine()).toMatchObject({ running: true });
    expect((await sh('cat notes.txt')).stdout).toBe('precious\n');
  },
  long,
);
