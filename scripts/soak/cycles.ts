import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src-main/base/deadline';
import { silentLogger } from '../../src-main/base/logger';
import { createDockerBackend } from '../../src-main/sandbox/docker';
import { createFakeBackend } from '../../src-main/sandbox/fake';
import { startWheelhouse, type Wheelhouse } from '../../src-main/wheelhouse';
import { storeFile } from '../../src-main/wheelhouse/dataDir';
import { apiOf } from '../../src-main/wheelhouse/testing/api';
import { callTool } from '../../src-main/wheelhouse/testing/fakeHouse';
import { containersOf, volumesOf } from './lib/docker';
import { judge, type Sample } from './lib/flat';

export interface CyclesPlan {
  backend: 'fake' | 'docker';
  cycles: number;
  /** The screen decoder's file. */
  screenWorkerUrl: URL;
  say: (words: string) => void;
}

const samples = 12;
const mebibyte = 1024 * 1024;

/** Acquires, calls and releases again and again, and measures what must not grow. Resolves with what did. */
export async function cycle(plan: CyclesPlan): Promise<string[]> {
  const { backend, cycles, say } = plan;
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-soak-'));
  const house = await startWheelhouse({
    ...{ dataDir, port: 0, logger: silentLogger, operator: 'olga', screenWorkerUrl: plan.screenWorkerUrl },
    backends: (context) => [
      backend === 'fake' ? createFakeBackend({ dataDir: context.dataDir }) : createDockerBackend(context),
    ],
  });
  try {
    const pool = house.broker.pools.create({
      ...{ displayName: 'Soak', backend, warm: { minimum: 1, maximum: 3 } },
      ...{ size: { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 } },
    });
    // The first pool of a new folder is not under trial.
    await house.broker.pools.delete('desktop', { force: true });
    const taken: Sample[] = [];
    for (let n = 1; n <= cycles; n++) {
      await one(house, dataDir, pool.id, n);
      if (n % Math.floor(cycles / samples) !== 0) continue;
      taken.push(await measure(house, dataDir, n, backend));
      say(`${backend}: ${n} of ${cycles} cycles`);
    }
    console.table(taken);
    return judge(taken).map((words) => `${backend}: ${words}`);
  } finally {
    await house.stop({ destroy: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function one(house: Wheelhouse, dataDir: string, poolId: string, n: number): Promise<void> {
  const { secret, token } = agentOf(house);
  const api = apiOf(dataDir, secret);
  const answer = await api('POST', `/api/pools/${poolId}/sessions`, { waitMs: 30_000 });
  if (answer.status !== 200) throw new Error(`cycle ${n}: ${answer.status} ${JSON.stringify(answer.body)}`);
  const { sessionId, computerUrl } = answer.body as { sessionId: string; computerUrl: string };
  const called = await callTool(computerUrl, secret, n, 'execute_shell_command', { command: `echo cycle ${n}` });
  const text = called.result?.content.map((part) => part.text ?? '').join('') ?? JSON.stringify(called);
  if (!text.includes(`cycle ${n}`)) throw new Error(`cycle ${n} of ${token}: ${text}`);
  const released = await api('DELETE', `/api/sessions/${sessionId}`);
  if (released.status !== 204) throw new Error(`cycle ${n}: ${released.status}`);
}
let agent: { house: Wheelhouse; secret: string; token: string } | null = null;
function agentOf(house: Wheelhouse): { secret: string; token: string } {
  if (agent?.house !== house)
    agent = { house, token: 'soak', secret: house.identity.create({ name: 'soak', role: 'agent' }).secret };
  return agent;
}

async function measure(house: Wheelhouse, dataDir: string, n: number, backend: string): Promise<Sample> {
  const end = Date.now() + 30_000;
  // What was begun ends first: the last machine's reset, the next one's check.
  while (house.broker.pools.list().some(({ observed: { machines } }) => machines.ready < 1 || machines.resetting > 0)) {
    if (Date.now() > end) throw new Error(`The pool did not settle after ${n} cycles.`);
    await sleep(50);
  }
  await sleep(500);
  (globalThis as { gc?: () => void }).gc?.();
  const memory = process.memoryUsage();
  const wal = statSync(`${storeFile(dataDir)}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const machines = (await house.backends.get(backend as 'fake')?.list(new AbortController().signal))?.length ?? 0;
  const real = backend === 'docker';
  return {
    cycles: n,
    heapMiB: round(memory.heapUsed / mebibyte),
    rssMiB: round(memory.rss / mebibyte),
    descriptors: readdirSync('/proc/self/fd').length,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    walMiB: round(wal / mebibyte),
    machines,
    containers: real ? (await containersOf(house.installationId)).length : 0,
    volumes: real ? (await volumesOf(house.installationId)).length : 0,
  };
}
const round = (value: number): number => Math.round(value * 10) / 10;
