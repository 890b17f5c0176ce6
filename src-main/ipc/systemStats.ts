import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import type { SystemStats } from '@shared/ipc';

export interface SystemProbe {
  read(): Promise<SystemStats>;
}

interface CpuTimes {
  busy: number;
  all: number;
}

function cpuTimes(): CpuTimes {
  let busy = 0;
  let all = 0;
  for (const { times } of cpus()) {
    const sum = times.user + times.nice + times.sys + times.idle + times.irq;
    all += sum;
    busy += sum - times.idle;
  }
  return { busy, all };
}

/** Share of all cores that was busy between two readings, 0-100. */
export function cpuPercent(before: CpuTimes, now: CpuTimes): number {
  const all = now.all - before.all;
  return all <= 0 ? 0 : Math.round(Math.min(1, Math.max(0, (now.busy - before.busy) / all)) * 100);
}

/** This computer as a whole; processor use since the last reading, the disk that holds `dataDir`. */
export function createSystemProbe(dataDir: string): SystemProbe {
  let last = cpuTimes();
  return {
    async read() {
      const now = cpuTimes();
      const percent = cpuPercent(last, now);
      last = now;
      const disk = await statfs(dataDir);
      return {
        cpuPercent: percent,
        memoryUsedBytes: totalmem() - freemem(),
        memoryTotalBytes: totalmem(),
        diskFreeBytes: disk.bavail * disk.bsize,
      };
    },
  };
}
