import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ElectronApplication } from '@playwright/test';
import { sleep } from '../../src-main/base/deadline';
import { launchApp, type BenchApp } from '../lib/app';
import { ms, type Row } from '../lib/report';
import { round } from '../lib/stats';

const run = promisify(execFile);
const sessions = 5;
const seconds = 10;

/** Busy enough to keep a hub at work: a terminal that scrolls without end. */
const busy = 'while :; do ls -la /usr/bin | head -200; sleep 0.05; done';

interface Usage {
  memoryMiB: number;
  cpuPercent: number;
}

/** Share of one core over an interval, and memory now, of the engine's container. */
async function containerUsage(id: string): Promise<Usage> {
  const { stdout } = await run('docker', ['stats', '--no-stream', '--format', '{{.CPUPerc}} {{.MemUsage}}', id]);
  const [cpu, memory] = stdout.trim().split(' ');
  const unit = /([\d.]+)(GiB|MiB|KiB)/.exec(memory ?? '');
  const factor = unit?.[2] === 'GiB' ? 1024 : unit?.[2] === 'KiB' ? 1 / 1024 : 1;
  return { memoryMiB: Number(unit?.[1] ?? 0) * factor, cpuPercent: Number.parseFloat(cpu ?? '0') };
}

const ticks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};
const pssMiB = (pid: number): number =>
  Number(/Pss:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;

/** All processes of the app: broker, window, GPU and helpers. */
async function appUsage(electron: ElectronApplication): Promise<Usage> {
  const pids = await electron.evaluate(({ app }) => app.getAppMetrics().map((metric) => metric.pid));
  const before = pids.reduce((sum, pid) => sum + ticks(pid), 0);
  await sleep(seconds * 1000);
  const after = pids.reduce((sum, pid) => sum + ticks(pid), 0);
  return { memoryMiB: pids.reduce((sum, pid) => sum + pssMiB(pid), 0), cpuPercent: (after - before) / seconds };
}

const loopDelay = (electron: ElectronApplication, forSeconds: number) =>
  electron.evaluate(async (_, time) => {
    const { monitorEventLoopDelay } = process.getBuiltinModule('node:perf_hooks');
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    await new Promise((resolve) => setTimeout(resolve, time * 1000));
    histogram.disable();
    return { p50: histogram.percentile(50) / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
  }, forSeconds);

async function startSession(app: BenchApp, name: string): Promise<{ sessionId: string; container: string }> {
  const session = await app.page.evaluate(
    (name) => window.wheelhouse!.invoke('sessions.start', { poolId: 'desktop', name }),
    name,
  );
  const { stdout } = await run('docker', ['ps', '-q', '--filter', `label=dev.wheelhouse.machine=${session.machineId}`]);
  return { sessionId: session.sessionId, container: stdout.trim() };
}

/** Runs a program in the guest as its session's user, past the app, so that only what it shows is measured. */
const inGuest = (container: string, command: string) =>
  run('docker', [
    'exec',
    '-d',
    '-u',
    'agent',
    '-e',
    'DISPLAY=:0',
    '-e',
    'HOME=/home/session',
    container,
    'sh',
    '-c',
    command,
  ]);

/** What sessions cost, broker and window included, and whether the main loop stays free while five are live. */
export async function footprint(): Promise<Row[]> {
  const app = await launchApp();
  const rows: Row[] = [];
  const cost = (what: string, usage: Usage, target = ''): void =>
    void rows.push({
      what,
      measured: `${round(usage.memoryMiB)} MiB, ${round(usage.cpuPercent)} % of one core`,
      target,
      met: null,
      data: { ...usage },
    });
  try {
    await app.page.getByRole('heading', { level: 1 }).first().waitFor();
    await sleep(3000);
    cost('App with no session: broker, window, helpers', await appUsage(app.electron));
    const first = await startSession(app, 'Idle');
    await sleep(4000);
    cost('One idle session: its container', await containerUsage(first.container));
    await inGuest(first.container, 'chromium --start-maximized about:blank');
    await sleep(8000);
    cost('One Chromium session: its container', await containerUsage(first.container));
    const others = [];
    for (let n = 1; n < sessions; n += 1) others.push(await startSession(app, `Busy ${n}`));
    for (const { container } of others) await inGuest(container, `xterm -geometry 150x45 -e sh -c '${busy}'`);
    await app.page.evaluate(() => void (window.location.hash = '/wall'));
    await sleep(4000);
    const scrolling = await containerUsage(others[0]?.container ?? '');
    if (scrolling.cpuPercent < 2) throw new Error(`The busy sessions are not busy: ${scrolling.cpuPercent} %.`);
    cost('One scrolling session: its container', scrolling);
    const delay = await loopDelay(app.electron, seconds);
    rows.push({
      what: `Main process loop delay, ${sessions} live sessions on the wall, four of them scrolling`,
      measured: `p50 ${ms(delay.p50)}, p99 ${ms(delay.p99)}, max ${ms(delay.max)}`,
      target: 'p99 <= 20 ms',
      met: delay.p99 <= 20,
      data: delay,
    });
    cost(`App with ${sessions} live sessions on the wall`, await appUsage(app.electron));
    return rows;
  } finally {
    await app.close();
  }
}
