import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src-main/base/clock';
import { sleep } from '../../src-main/base/deadline';
import { systemIds } from '../../src-main/base/ids';
import { createIdentity } from '../../src-main/server/identity';
import { openDatabase } from '../../src-main/store/database';
import { tokenStore } from '../../src-main/store/tokens';
import { storeFile } from '../../src-main/wheelhouse/dataDir';
import { ClientProcess } from '../lib/clientProcess';
import { ms, type Row } from '../lib/report';
import { round, summarise } from '../lib/stats';

const sessions = 20;
const restarts = 5;

/** `wheelhouse serve` as people run it, in a process of its own: what it costs with many sessions, and how it comes back. */
export async function brokerRestart(): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-bench-'));
  const secret = adminToken(dataDir);
  const client = new ClientProcess();
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  let broker = await serve(dataDir);
  const get = async (path: string) =>
    (await client.fetch(new URL(path, broker.url), { method: 'GET', headers })).value as Record<string, unknown>;
  const call = (computerId: string, name: string) =>
    client.fetch(new URL(`/computers/${computerId}/mcp`, broker.url), {
      method: 'POST',
      headers: { ...headers, accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
    });
  try {
    const patch = { warm: { minimum: 2, maximum: sessions + 2 } };
    const url = (path: string) => new URL(path, broker.url);
    await client.fetch(url('/api/pools/desktop'), { method: 'PATCH', headers, body: JSON.stringify(patch) });
    const computers: string[] = [];
    while (computers.length < sessions) {
      const post = {
        method: 'POST',
        headers: { ...headers, 'x-ms-sessionId': randomUUID() },
        body: '{"waitMs":30000}',
      };
      const { sessionId } = (await client.fetch(url('/api/pools/desktop/sessions'), post)).value as {
        sessionId: string;
      };
      computers.push(String((await get(`/api/sessions/${sessionId}`))['computerId']));
    }
    // Each has its screen open and a picture decoded, as at work.
    for (const computerId of computers) await call(computerId, 'take_screenshot');
    await sleep(5000);
    const memory = pssMiB(broker.process.pid ?? 0);

    const spawned: number[] = [];
    const listening: number[] = [];
    for (let n = 0; n < restarts; n += 1) {
      broker.process.kill('SIGKILL');
      await once(broker.process, 'exit');
      const start = performance.now();
      broker = await serve(dataDir);
      listening.push(performance.now() - start);
      await Promise.all(computers.map((computerId) => call(computerId, 'list_windows')));
      spawned.push(performance.now() - start);
      const { data } = (await get('/api/sessions?live=true&limit=100')) as { data: unknown[] };
      if (data.length !== sessions) throw new Error(`${data.length} sessions came back, not ${sessions}.`);
      await sleep(2000);
    }
    const [ready, all] = [summarise(listening), summarise(spawned)];
    return [
      {
        what: `Memory of the broker with ${sessions} live sessions, screens open (proportional share, one process)`,
        measured: `${round(memory)} MiB`,
        target: '<= 400 MB',
        met: memory * 1.048576 <= 400,
        data: { memoryMiB: memory },
      },
      {
        what: `Broker killed with ${sessions} live sessions and started: process start to ready, and to a call inside each answered`,
        measured: `p50 ${ms(ready.p50)}, and p50 ${ms(all.p50)}, max ${ms(all.max)} (n ${all.n})`,
        target: 'all re-adopted <= 2,000 ms',
        met: all.max <= 2000,
        data: { readyP50: ready.p50, ...all },
      },
    ];
  } finally {
    await client.close();
    await stop(broker.process);
    // What is left goes with one more start, which ends it.
    const last = await serve(dataDir, ['--destroy']);
    await stop(last.process);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** In the store itself, as the command line does it before a first start. */
function adminToken(dataDir: string): string {
  const db = openDatabase(storeFile(dataDir));
  try {
    const parts = { tokens: tokenStore(db), clock: systemClock, ids: systemIds, ownName: 'bench' };
    return createIdentity(parts).create({ role: 'admin', name: 'bench' }).secret;
  } finally {
    db.close();
  }
}

async function serve(dataDir: string, flags: string[] = []): Promise<{ process: ChildProcess; url: string }> {
  const cli = join(process.cwd(), 'out/main/cli.js');
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--data', dataDir, '--port', '0', '--json', '--log', 'error', ...flags],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  for await (const line of createInterface({ input: child.stdout! })) {
    const said = JSON.parse(line) as { event: string; url: string };
    if (said.event === 'ready') return { process: child, url: said.url };
  }
  throw new Error('The broker ended before it was ready.');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const pssMiB = (pid: number): number =>
  Number(/Pss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
