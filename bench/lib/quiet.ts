import { cpus, loadavg } from 'node:os';
import { sleep } from '../../src-main/base/deadline';

const idleShare = 0.75;
const seconds = 3;

/** Share of all cores that was idle over a second. */
async function idleNow(): Promise<number> {
  const look = () =>
    cpus().reduce(
      (sum, { times }) => ({
        idle: sum.idle + times.idle,
        all: sum.all + times.user + times.nice + times.sys + times.irq + times.idle,
      }),
      { idle: 0, all: 0 },
    );
  const before = look();
  await sleep(1000);
  const after = look();
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}

/** Waits until the cores were mostly idle for a few seconds, at most `patience` seconds. Says whether they were. */
export async function quietMoment(patience: number): Promise<boolean> {
  const end = performance.now() + patience * 1000;
  for (let quiet = 0; ;) {
    quiet = (await idleNow()) >= idleShare ? quiet + 1 : 0;
    if (quiet >= seconds) return true;
    if (performance.now() > end) return false;
  }
}

export const load = (): string => (loadavg()[0] ?? 0).toFixed(1);
