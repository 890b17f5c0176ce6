import { machineStates } from '@shared/pool';
import { sessionStatuses } from '@shared/session';
import type { Bus } from '../base/bus';
import type { Clock } from '../base/clock';
import type { AcquireOutcome } from '../broker';
import type { CallOutcome } from '../channel/types';
import { countStore } from '../store/counts';
import type { Database } from '../store/database';
import { followBus } from './follow';
import { processMetrics } from './processMetrics';
import { contentType, Registry, type Sample } from './registry';

export interface Metrics {
  contentType: string;
  /** Everything in Prometheus' text format, as it is now. */
  text(): string;
  acquired(acquired: { poolId: string; outcome: AcquireOutcome; ms: number }): void;
  /** A tool call begins; returns its end. */
  call(tool: string): (outcome: CallOutcome) => void;
  close(): void;
}

const acquireBuckets = [0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const callBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const endings = new Set<string>(['released', 'failed', 'expired']);

/** What operators' systems read of this broker. What is counted is counted since the process began. */
export function createMetrics(deps: {
  db: Database;
  bus: Bus;
  clock: Clock;
  version: string;
  frameBytes: () => number;
}): Metrics {
  const { clock } = deps;
  const counts = countStore(deps.db);
  const registry = new Registry();
  registry.gauge('wheelhouse_build_info', 'Which version runs; always 1.', () => [
    { labels: { version: deps.version, node: process.versions.node }, value: 1 },
  ]);
  const acquires = registry.histogram(
    'wheelhouse_acquire_duration_seconds',
    'From the request to its session, by where the machine came from: warm, cold, resumed, branch.',
    acquireBuckets,
  );
  const calls = registry.histogram(
    'wheelhouse_tool_call_duration_seconds',
    'Tool calls of agents, waiting for their turn or for a person included.',
    callBuckets,
  );
  registry.gauge('wheelhouse_queue_depth', 'Requests that wait for a machine.', () => {
    const waiting = new Map(counts.pools().map(({ id }) => [id, 0]));
    for (const { pool_id: pool, status, n } of counts.sessions()) if (status === 'queued') waiting.set(pool, n);
    return [...waiting].map(([pool, value]) => ({ labels: { pool }, value }));
  });
  registry.gauge('wheelhouse_machines', 'Machines, by state.', () => machineSamples(counts));
  registry.gauge('wheelhouse_sessions', 'Live sessions, by status.', () => {
    const found = counts.sessions();
    return sessionStatuses
      .filter((status) => !endings.has(status))
      .map((status) => ({
        labels: { status },
        value: found.reduce((sum, row) => sum + (row.status === status ? row.n : 0), 0),
      }));
  });
  const stop = followBus(deps.bus, registry);
  registry.gauge('wheelhouse_frames_stored_bytes', 'Pictures of the record that are stored.', () => [
    { value: deps.frameBytes() },
  ]);
  const stopProcess = processMetrics(registry);

  return {
    contentType,
    text: () => registry.text(),
    acquired: ({ poolId: pool, outcome, ms }) => acquires.observe({ pool, outcome }, ms / 1000),
    call(tool) {
      const began = clock.monotonic();
      return (outcome) => calls.observe({ tool, outcome }, (clock.monotonic() - began) / 1000);
    },
    close() {
      stop();
      stopProcess();
    },
  };
}

/** Every state of every pool, so that a series that was there reads zero and does not end; `gone` machines have no row. */
function machineSamples(counts: ReturnType<typeof countStore>): Sample[] {
  const samples = new Map<string, Sample & { value: number }>();
  const sampleOf = (pool: string, backend: string, state: string) => {
    const key = JSON.stringify([pool, backend, state]);
    let sample = samples.get(key);
    if (!sample) samples.set(key, (sample = { labels: { pool, backend, state }, value: 0 }));
    return sample;
  };
  for (const { id, backend } of counts.pools()) {
    for (const state of machineStates) if (state !== 'gone') sampleOf(id, backend, state);
  }
  for (const { pool_id: pool, backend, state, n } of counts.machines()) sampleOf(pool, backend, state).value += n;
  return [...samples.values()];
}
