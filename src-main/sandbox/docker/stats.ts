import type { ContainerStats } from 'dockerode';

export interface CpuSample {
  /** Nanoseconds of CPU used since the container's start. */
  used: number;
  /** When, in milliseconds. */
  at: number;
}

export const cpuSample = (stats: ContainerStats): CpuSample => ({
  used: stats.cpu_stats.cpu_usage.total_usage,
  at: Date.parse(stats.read),
});

/** Percent of one core between two samples; 100 is one core fully used. */
export function cpuPercent(before: CpuSample, after: CpuSample): number {
  const elapsed = (after.at - before.at) * 1e6;
  return elapsed > 0 ? Math.max(0, ((after.used - before.used) / elapsed) * 100) : 0;
}

/** Bytes in use without the file cache that the kernel would give back, as `docker stats` counts (cgroup v1 and v2). */
export function memoryBytes(stats: ContainerStats): number {
  const { usage = 0, stats: detail } = stats.memory_stats as { usage?: number; stats?: Record<string, number> };
  return Math.max(0, usage - (detail?.['total_inactive_file'] ?? detail?.['inactive_file'] ?? 0));
}

/** The text of a container's log stream: frames of an 8-byte header (stream, 3 zeros, length) and bytes (Engine API, attach). */
export function logLines(bytes: Buffer): string[] {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(0, 2000));
}
