import { readFileSync } from 'node:fs';

/** USER_HZ, in which Linux tells CPU times to programs: 100 on every architecture that QEMU's system emulators run on. */
const ticksPerSecond = 100;

export interface CpuSample {
  /** Seconds of CPU used since the start. */
  used: number;
  /** When, in milliseconds of a clock that never goes back. */
  at: number;
}

/** Fields 14 and 15 of /proc/PID/stat (proc(5)); the name before them may hold anything, brackets too. */
export function cpuSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export const cpuPercent = (before: CpuSample, after: CpuSample): number =>
  after.at > before.at ? Math.max(0, ((after.used - before.used) / ((after.at - before.at) / 1000)) * 100) : 0;

/** Bytes that are this process's share: pages that n clones map count by the nth part (Pss of smaps_rollup). */
export function proportionalBytes(rollup: string): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Null where the system does not tell (not Linux) or the process is gone. */
export function sampleCpu(pid: number): CpuSample | null {
  try {
    return { used: cpuSeconds(readFileSync(`/proc/${pid}/stat`, 'latin1')), at: performance.now() };
  } catch {
    return null;
  }
}
export function sampleMemory(pid: number): number | null {
  try {
    return proportionalBytes(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  } catch {
    return null;
  }
}
