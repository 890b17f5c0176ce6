import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src-main/base/deadline';
import { silentLogger } from '../../src-main/base/logger';
import { connectGuest } from '../../src-main/guest';
import type { GuestClient } from '../../src-main/guest/types';
import { createQemuBackend } from '../../src-main/sandbox/qemu';
import { Layout } from '../../src-main/sandbox/qemu/layout';
import { readPid } from '../../src-main/sandbox/qemu/process';
import { cpuPercent, sampleCpu, sampleMemory } from '../../src-main/sandbox/qemu/stats';
import { ms, type Row } from '../lib/report';
import { summarise } from '../lib/stats';

const fleet = 30;
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const secret = 's'.repeat(43);
const never = new AbortController().signal;
/** Milliseconds over which the fleet's processors are watched while it stands still. */
const restMs = 3_000;
const parkMs = 60_000;
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Thirty clones of one saved desktop, all parked; then each let go on, asked one question and parked again. */
export async function qemuFleet(): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-fleet-'));
  const installationId = `bench${process.pid}`;
  const backend = createQemuBackend({ dataDir, installationId, logger: silentLogger });
  const layout = new Layout(dataDir, installationId);
  const image = await backend.resolveImage('desktop', never);
  if (!image) throw new Error('There is no desktop image for QEMU.');
  await backend.prepare(image, size, never);
  const clients: { machineId: string; pid: number; client: GuestClient }[] = [];
  try {
    const made: number[] = [];
    for (let n = 0; n < fleet; n += 1) {
      const machineId = `m_fleet${n}`;
      const started = performance.now();
      await backend.create({ machineId, poolId: 'p_fleet', image, size, secret }, never);
      const client = await connectGuest({ machineId, path: backend.linkPath(machineId), secret }, never);
      await client.health();
      made.push(performance.now() - started);
      const pid = readPid(layout.files(machineId).pidFile);
      if (pid === null) throw new Error(`${machineId} has no process`);
      clients.push({ machineId, pid, client });
      await backend.park?.(machineId, secret, never);
      await parked(backend, machineId);
    }
    const memory = clients.map(({ pid }) => sampleMemory(pid) ?? 0);
    const before = clients.map(({ pid }) => sampleCpu(pid));
    await sleep(restMs);
    const cpu = clients.reduce((sum, { pid }, n) => {
      const [was, is] = [before[n], sampleCpu(pid)];
      return was && is ? sum + cpuPercent(was, is) : Number.NaN;
    }, 0);
    const woken: number[] = [];
    const identities = new Set<string>();
    for (const { machineId, client } of clients) {
      const started = performance.now();
      await backend.unpause(machineId, never);
      const ask = 'cat /etc/machine-id /proc/sys/kernel/random/boot_id';
      const { stdout } = await client.exec({ epoch: 0, command: ask, timeoutMs: 20_000 });
      woken.push(performance.now() - started);
      for (const line of stdout.trim().split('\n')) identities.add(line);
      await backend.pause(machineId, never);
    }
    const total = memory.reduce((sum, bytes) => sum + bytes, 0);
    const each = total / fleet;
    const [ready, answer] = [summarise(made), summarise(woken)];
    const same = 2 * fleet - identities.size;
    return [
      {
        what: `${fleet} warm QEMU machines at once (1 CPU, 1 GiB each), parked`,
        measured: `${mebibytes(total)} MiB together, ${mebibytes(each)} MiB each (proportional share), ${cpu.toFixed(1)} % CPU, ${same} identities twice`,
        target: '<= 50 MiB each, 0 % CPU, all different',
        met: each <= 50 * 2 ** 20 && cpu < 1 && same === 0,
        data: { machines: fleet, totalMiB: mebibytes(total), eachMiB: mebibytes(each), cpuPercent: cpu, same },
      },
      {
        what: 'A parked QEMU machine let go on, its first command included',
        measured: `p50 ${ms(answer.p50)}, p99 ${ms(answer.p99)} (n ${answer.n})`,
        target: 'p50 <= 150 ms',
        met: answer.p50 <= 150,
        data: { ...answer },
      },
      {
        what: 'A new QEMU machine until its agent answers, one after the other',
        measured: `p50 ${ms(ready.p50)}, p99 ${ms(ready.p99)} (n ${ready.n})`,
        target: 'p50 <= 250 ms',
        met: ready.p50 <= 250,
        data: { ...ready },
      },
    ];
  } finally {
    for (const { machineId, client } of clients) {
      client.close();
      await backend.destroy(machineId, never);
    }
    await backend.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function parked(backend: ReturnType<typeof createQemuBackend>, machineId: string): Promise<void> {
  const end = performance.now() + parkMs;
  for (;;) {
    const seen = (await backend.list(never)).find((one) => one.machineId === machineId);
    if (seen?.state === 'paused') return;
    if (performance.now() > end) throw new Error(`${machineId} was not parked: ${seen?.state ?? 'gone'}`);
    await sleep(20);
  }
}
