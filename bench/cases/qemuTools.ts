import { sleep } from '../../src-main/base/deadline';
import { savingSeconds, smallSize } from '../lib/qemuStack';
import { ms, type Row } from '../lib/report';
import { startStack, type Call, type Stack } from '../lib/stack';
import { summarise, type Summary } from '../lib/stats';

const kinds = ['docker', 'qemu'] as const;
type Kind = (typeof kinds)[number];
interface Desk {
  stack: Stack;
  timed(name: string, args?: Record<string, unknown>): Promise<number>;
}

/** The same tools on a container and on an emulated machine of the same size, in turn, in one run. */
export async function qemuTools(): Promise<Row[]> {
  const desks = new Map<Kind, Desk>();
  try {
    for (const kind of kinds) {
      const stack = await startStack({ backend: kind, size: smallSize, warm: { minimum: 1, maximum: 1 } });
      const { timed, call } = await begin(stack);
      await call('launch_application', { path: '/usr/bin/xterm', args: ['-geometry', '120x40+0+0'] });
      desks.set(kind, { stack, timed });
      await sleep(5_000);
    }
    const works: [what: string, n: number, work: (desk: Desk, i: number) => Promise<number>][] = [
      ['take_screenshot 1024x768', 30, takeScreenshot],
      ['click, without the settle wait', 30, (desk, i) => desk.timed('click', { x: 500 + i, y: 300, settle: false })],
      ['execute_shell_command true', 15, (desk) => desk.timed('execute_shell_command', { command: 'true' })],
    ];
    const rows: Row[] = [];
    for (const [what, n, work] of works) {
      const samples: Record<Kind, number[]> = { docker: [], qemu: [] };
      for (let i = -3; i < n; i += 1) {
        for (const [kind, desk] of desks) {
          const took = await work(desk, i);
          if (i >= 0) samples[kind].push(took);
        }
      }
      rows.push(row(what, summarise(samples.qemu), summarise(samples.docker)));
    }
    return rows;
  } finally {
    for (const { stack } of desks.values()) await stack.close();
  }
}

async function begin(stack: Stack): Promise<{ timed: Desk['timed']; call: Call }> {
  try {
    await stack.ready(1, savingSeconds);
    return await stack.agent();
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/** A picture that did not change is not encoded again, so something changes before each. */
async function takeScreenshot(desk: Desk): Promise<number> {
  await desk.timed('type_text', { text: 'x', settle: false });
  await sleep(200);
  return desk.timed('take_screenshot');
}

function row(what: string, qemu: Summary, docker: Summary): Row {
  return {
    what: `${what} through MCP: an emulated QEMU machine beside a container`,
    measured: `p50 ${ms(qemu.p50)}, p95 ${ms(qemu.p95)} beside p50 ${ms(docker.p50)}, p95 ${ms(docker.p95)} (n ${qemu.n})`,
    target: '',
    met: null,
    data: { qemuP50: qemu.p50, qemuP95: qemu.p95, dockerP50: docker.p50, dockerP95: docker.p95 },
  };
}
