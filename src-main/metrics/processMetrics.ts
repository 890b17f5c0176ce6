import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from './registry';

/** A timer's rhythm: what the histogram records is the time between two beats, this one included. */
const resolutionMs = 20;

/** The process itself, under the names that other exporters use. Returns what ends the measuring. */
export function processMetrics(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  registry.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    'Delay of the event loop since the last scrape, 99th percentile.',
    () => {
      // Before its first sample the histogram has no percentile worth the name.
      const value = delay.count > 0 ? Math.max(0, delay.percentile(99) / 1e9 - resolutionMs / 1000) : 0;
      delay.reset();
      return [{ value }];
    },
  );
  registry.gauge('process_resident_memory_bytes', 'Memory that the process has resident.', () => [
    { value: process.memoryUsage.rss() },
  ]);
  registry.gauge('nodejs_heap_size_used_bytes', 'Memory in use on the heap.', () => [
    { value: process.memoryUsage().heapUsed },
  ]);
  registry.gauge('nodejs_external_memory_bytes', 'Memory of buffers and other objects off the heap.', () => [
    { value: process.memoryUsage().external },
  ]);
  registry.gauge(
    'process_cpu_seconds_total',
    'Processor time that the process has used.',
    () => {
      const { user, system } = process.cpuUsage();
      return [{ value: (user + system) / 1e6 }];
    },
    'counter',
  );
  const started = Math.round(Date.now() / 1000 - process.uptime());
  registry.gauge('process_start_time_seconds', 'When the process began, in Unix time.', () => [{ value: started }]);
  return () => delay.disable();
}
