import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Action } from '@shared/action';
import { createBus, type Bus } from '../base/bus';
import { FakeClock, iso } from '../base/clock';
import { fakeSession } from '../server/testing/fakeServices';
import { openDatabase, type Database } from '../store/database';
import { machineStore } from '../store/machines';
import { sessionStore } from '../store/sessions';
import { createMetrics, type Metrics } from './index';
import { Registry } from './registry';
import { parseText } from './testing';

let db: Database;
let bus: Bus;
let clock: FakeClock;
let metrics: Metrics;
beforeEach(() => {
  db = openDatabase(':memory:');
  bus = createBus((error) => {
    throw error;
  });
  clock = new FakeClock();
  metrics = createMetrics({ db, bus, clock, version: '1.2.3', frameBytes: () => 4096 });
});
afterEach(() => {
  metrics.close();
  db.close();
});
const value = (series: string) => parseText(metrics.text()).get(series);

describe('the text', () => {
  it('is what Prometheus reads, with every label value escaped', () => {
    const registry = new Registry();
    const counter = registry.counter('a_total', 'Back\\slash\nand line.');
    counter.inc({ what: 'x"y\\z\nw' }, 2);
    counter.inc({ what: 'x"y\\z\nw' });
    registry.gauge('g', 'G.', () => [{ value: NaN }, { labels: { at: 'top' }, value: Infinity }]);
    expect(registry.text()).toBe(
      [
        '# HELP a_total Back\\\\slash\\nand line.',
        '# TYPE a_total counter',
        'a_total{what="x\\"y\\\\z\\nw"} 3',
        '# HELP g G.',
        '# TYPE g gauge',
        'g NaN',
        'g{at="top"} +Inf',
        '',
      ].join('\n'),
    );
    expect(parseText(registry.text()).get('a_total{what="x\\"y\\\\z\\nw"}')).toBe(3);
  });

  it('has histograms whose buckets add up', () => {
    const registry = new Registry();
    const histogram = registry.histogram('h_seconds', 'H.', [0.1, 1]);
    for (const seconds of [0.05, 0.1, 0.5, 7]) histogram.observe({ kind: 'a' }, seconds);
    const read = parseText(registry.text());
    expect(read.get('h_seconds_bucket{kind="a",le="0.1"}')).toBe(2);
    expect(read.get('h_seconds_bucket{kind="a",le="1"}')).toBe(3);
    expect(read.get('h_seconds_bucket{kind="a",le="+Inf"}')).toBe(4);
    expect(read.get('h_seconds_count{kind="a"}')).toBe(4);
    expect(read.get('h_seconds_sum{kind="a"}')).toBeCloseTo(7.65);
  });

  it('does not grow with what is counted', () => {
    const registry = new Registry();
    const counter = registry.counter('c_total', 'C.');
    for (let n = 0; n < 3000; n += 1) counter.inc({ tool: `t${n}` });
    const read = parseText(registry.text());
    expect(read.size).toBe(501);
    expect(read.get('c_total{tool="other"}')).toBe(2500);
  });
});

describe('what is measured', () => {
  it('has acquires by outcome and calls by tool and outcome', () => {
    metrics.acquired({ poolId: 'desktop', outcome: 'warm', ms: 4 });
    metrics.acquired({ poolId: 'desktop', outcome: 'cold', ms: 4000 });
    const over = metrics.call('click');
    clock.advance(70);
    over('refused');
    expect(value('wheelhouse_acquire_duration_seconds_bucket{pool="desktop",outcome="warm",le="0.005"}')).toBe(1);
    expect(value('wheelhouse_acquire_duration_seconds_bucket{pool="desktop",outcome="cold",le="2.5"}')).toBe(0);
    expect(value('wheelhouse_acquire_duration_seconds_sum{pool="desktop",outcome="cold"}')).toBe(4);
    expect(value('wheelhouse_tool_call_duration_seconds_bucket{tool="click",outcome="refused",le="0.05"}')).toBe(0);
    expect(value('wheelhouse_tool_call_duration_seconds_bucket{tool="click",outcome="refused",le="0.1"}')).toBe(1);
  });

  it('has the store’s machines, sessions and queue as they are now', () => {
    const machines = machineStore(db);
    const size = { cpus: 1, memoryMiB: 512, width: 640, height: 480 };
    for (const machineId of ['m_1', 'm_2']) {
      const secret = 'not-a-secret-000000';
      machines.insert({ machineId, poolId: 'desktop', backend: 'docker', image: 'x', size, secret, createdAt: iso(0) });
    }
    machines.move('m_2', 'creating', 'starting', { at: iso(0) });
    const waiting = { ...fakeSession('waiting-1', 'clerk'), status: 'queued' as const, machineId: null };
    const noHome = { homeId: null, idleSeconds: null, suspendedAt: null, suspendedMs: null, savedAs: null };
    sessionStore(db).insert({ ...waiting, ...noHome, size: null, parametersHash: '0'.repeat(64) });
    expect(value('wheelhouse_machines{pool="desktop",backend="docker",state="creating"}')).toBe(1);
    expect(value('wheelhouse_machines{pool="desktop",backend="docker",state="starting"}')).toBe(1);
    expect(value('wheelhouse_machines{pool="desktop",backend="docker",state="ready"}')).toBe(0);
    expect(value('wheelhouse_queue_depth{pool="desktop"}')).toBe(1);
    expect(value('wheelhouse_sessions{status="queued"}')).toBe(1);
    expect(value('wheelhouse_sessions{status="active"}')).toBe(0);
    expect(value('wheelhouse_frames_stored_bytes')).toBe(4096);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(value('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThanOrEqual(0);
  });

  it('counts a step once, however often it is announced', () => {
    const machine = (machineId: string, state: 'leased' | 'resetting' | 'quarantined') =>
      bus.emit({
        event: 'machine',
        data: {
          ...{ machineId, poolId: 'desktop', state, image: 'x', sessionId: null, since: iso(0), reason: null },
          ...{ cpuPercent: null, memoryBytes: null },
        },
      });
    machine('m_1', 'leased');
    machine('m_1', 'resetting');
    machine('m_1', 'resetting');
    machine('m_2', 'quarantined');
    machine('m_2', 'quarantined');
    machine('m_3', 'quarantined');
    const ends = (sessionId: string, change: object) =>
      bus.emit({ event: 'session', data: { ...fakeSession(sessionId, 'clerk'), ...change } });
    ends('s-0000001', { status: 'active' });
    ends('s-0000001', { status: 'released', reason: 'Nothing happened for 30 min.' });
    ends('s-0000001', { status: 'released', reason: 'Nothing happened for 30 min.' });
    ends('s-0000002', { status: 'released', reason: 'done' });
    ends('s-0000003', { status: 'failed', reason: 'its machine is gone' });
    ends('s-0000004', { status: 'expired', machineId: null });
    for (const status of ['active', 'idle', 'idle', 'acquiring', 'idle', 'acquiring', 'active', 'idle'])
      ends('s-0000005', { status, machineId: status === 'active' ? 'm_5' : null });
    ends('s-0000005', { status: 'expired', machineId: null, suspendedAt: iso(0) });
    ends('s-0000006', { status: 'idle', machineId: null });
    const checkpoint = (state: 'saving' | 'ready' | 'failed', checkpointId: string) =>
      bus.emit({
        event: 'checkpoint',
        data: {
          ...{ checkpointId, sessionId: 's-0000001', name: '', cause: 'agent', createdBy: 'clerk', createdAt: iso(0) },
          ...{ state, reason: null, bytes: null, frame: null, afterActionId: null },
        },
      });
    for (const state of ['saving', 'ready', 'ready'] as const) checkpoint(state, 'k_1');
    for (const state of ['saving', 'failed'] as const) checkpoint(state, 'k_2');
    checkpoint('ready', 'k_old');
    const restored = { id: 'a_1', tool: 'checkpoint_restore' } as Action;
    for (const outcome of ['pending', 'done', 'done'] as const)
      bus.emit({ event: 'action', data: { ...restored, outcome } });
    expect(value('wheelhouse_machine_resets_total{pool="desktop"}')).toBe(1);
    expect(value('wheelhouse_machine_quarantines_total{pool="desktop"}')).toBe(2);
    expect(value('wheelhouse_sessions_ended_total{pool="desktop",status="released"}')).toBe(2);
    expect(value('wheelhouse_sessions_ended_total{pool="desktop",status="expired"}')).toBe(1);
    expect(value('wheelhouse_session_suspensions_total{pool="desktop"}')).toBe(2);
    expect(value('wheelhouse_sessions_ended_total{pool="desktop",status="failed"}')).toBe(1);
    expect(value('wheelhouse_session_evictions_total{pool="desktop"}')).toBe(2);
    expect(value('wheelhouse_checkpoints_saved_total')).toBe(1);
    expect(value('wheelhouse_checkpoints_failed_total')).toBe(1);
    expect(value('wheelhouse_checkpoints_restored_total')).toBe(1);
  });
});
