import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { pino, type Logger } from 'pino';
import { sleep } from '../../src-main/base/deadline';
import { connectGuest } from '../../src-main/guest';
import type { GuestClient } from '../../src-main/guest/types';
import type { MachineCheckpoints } from '../../src-main/sandbox/backend';
import { createQemuBackend } from '../../src-main/sandbox/qemu';
import { ms, type Row } from '../lib/report';
import { summarise, type Summary } from '../lib/stats';

const rounds = 9;
const size = { cpus: 1, memoryMiB: 1024, width: 1024, height: 768 };
const secret = 's'.repeat(43);
const never = new AbortController().signal;
const memoryWorkerUrl = pathToFileURL(join(process.cwd(), 'out/main/memoryWorker.js'));
const machineId = 'm_keep';
const checkpointId = 'cp_keep';
/** Milliseconds until a browser's window is there, and then until the machine has come to rest. */
const browserMs = { window: 180_000, rest: 20_000 } as const;
/** Milliseconds between two looks at the loop, and from one work to the next. */
const loopMs = { resolution: 2, between: 500 } as const;

/** What a machine was used for before it is saved. */
const uses: Record<string, (guest: GuestClient) => Promise<void>> = {
  async fresh() {},
  async used(guest) {
    await guest.launch({ epoch: 0, path: 'xterm', args: ['-e', 'sh', '-c', 'while :; do date; sleep 1; done'] });
    const command = 'head -c 20000000 /dev/urandom | gzip > /tmp/data; find /usr -type f | sort > /tmp/list; sleep 2';
    await guest.exec({ epoch: 0, command, timeoutMs: 60_000 });
  },
  async browser(guest) {
    await guest.launch({ epoch: 0, path: 'chromium', args: ['--no-first-run', 'about:blank'] });
    const end = performance.now() + browserMs.window;
    while (!(await guest.listWindows()).some(({ title }) => title.includes('Chromium'))) {
      if (performance.now() > end) throw new Error('No browser came up.');
      await sleep(1000);
    }
    await sleep(browserMs.rest);
  },
};

/** A machine saved and put back again and again: fresh, used, and with a browser. */
export async function qemuCheckpoints(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, use] of Object.entries(uses)) rows.push(...(await measure(name, use)));
  return rows;
}

async function measure(name: string, use: (guest: GuestClient) => Promise<void>): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wh-keep-'));
  const stopped: number[] = [];
  const installationId = `bench${process.pid}`;
  const backend = createQemuBackend({ dataDir, installationId, memoryWorkerUrl, logger: listening(stopped) });
  const kept = keptBy(backend);
  try {
    const image = await backend.resolveImage('desktop', never);
    if (!image) throw new Error('There is no desktop image for QEMU.');
    await backend.prepare(image, size, never);
    await backend.create({ machineId, poolId: 'p_keep', image, size, secret }, never);
    const answers = async (): Promise<GuestClient> => {
      const guest = await connectGuest({ machineId, path: backend.linkPath(machineId), secret }, never);
      await guest.health();
      return guest;
    };
    const guest = await answers();
    await use(guest);
    guest.close();
    const [saved, restored, loop] = [[] as number[], [] as number[], [] as number[]];
    let bytes = 0;
    for (let round = -1; round < rounds; round += 1) {
      const delay = monitorEventLoopDelay({ resolution: loopMs.resolution });
      delay.enable();
      const create = await timed(async () => ({ bytes } = await kept.create(machineId, checkpointId, never)));
      const restore = await timed(async () => {
        await kept.restore(machineId, checkpointId, secret, never);
        (await answers()).close();
      });
      await kept.remove(checkpointId, never);
      delay.disable();
      await sleep(loopMs.between);
      // The first warms up.
      if (round < 0) {
        stopped.length = 0;
        continue;
      }
      saved.push(create);
      restored.push(restore);
      loop.push(delay.max / 1e6);
    }
    const mebibytes = Math.round(bytes / 2 ** 20);
    return [
      row(`A ${name} QEMU machine saved (${mebibytes} MiB)`, saved, 1000),
      row(`… of that, stopped`, stopped, 1000),
      row(`… put back, its first answer included`, restored, 600),
      row(`… the main loop's longest delay, its removal included`, loop, 20),
    ];
  } finally {
    await backend.destroy(machineId, never);
    await backend.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function keptBy(backend: ReturnType<typeof createQemuBackend>): MachineCheckpoints {
  if (!backend.checkpoints) throw new Error('no checkpoints');
  return backend.checkpoints;
}

/** What the backend says of each save: for how long the machine stood still. */
function listening(stopped: number[]): Logger {
  return pino(
    { level: 'debug' },
    {
      write(line: string) {
        const said = JSON.parse(line) as { stoppedMs?: number; level: number };
        if (said.stoppedMs !== undefined) stopped.push(said.stoppedMs);
        if (said.level >= 40) process.stderr.write(line);
      },
    },
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function row(what: string, samples: readonly number[], most: number): Row {
  const found: Summary & { min: number } = { ...summarise(samples), min: Math.min(...samples) };
  return {
    what,
    measured: `p50 ${ms(found.p50)}, least ${ms(found.min)}, most ${ms(found.max)} (n ${found.n})`,
    target: `p50 <= ${most} ms`,
    met: found.p50 <= most,
    data: { ...found },
  };
}
