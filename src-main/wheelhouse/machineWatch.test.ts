import { beforeEach, expect, it } from 'vitest';
import type { Machine } from '@shared/pool';
import { createBus, type Bus } from '../base/bus';
import { FakeClock, iso } from '../base/clock';
import { countingIds } from '../base/ids';
import { silentLogger } from '../base/logger';
import { createAttention } from '../control';
import { openDatabase, type Database } from '../store/database';
import { watchMachines } from './machineWatch';

let bus: Bus;
let db: Database;
const start = () => {
  const attention = createAttention({ db, bus, clock: new FakeClock(), ids: countingIds(), logger: silentLogger });
  return { attention, stop: watchMachines(bus, attention) };
};
const machine = (machineId: string, state: Machine['state'], reason: string | null = null) =>
  bus.emit({
    event: 'machine',
    data: {
      machineId,
      poolId: 'desktop',
      state,
      image: 'i',
      sessionId: null,
      since: iso(0),
      reason,
      cpuPercent: null,
      memoryBytes: null,
    },
  });
beforeEach(() => {
  bus = createBus();
  db = openDatabase(':memory:');
});

it('asks once for each machine that was set aside, also across a restart', () => {
  const first = start();
  machine('m_1', 'ready');
  machine('m_1', 'quarantined', 'It answers no more.');
  machine('m_1', 'quarantined', 'It answers no more.');
  machine('m_2', 'quarantined');
  first.stop();
  const { attention } = start();
  machine('m_1', 'quarantined', 'It answers no more.');
  expect(attention.list().map((call) => [call.kind, call.why, call.state])).toEqual(
    expect.arrayContaining([
      ['machine', 'It answers no more.', 'waiting'],
      ['machine', 'It failed a check.', 'waiting'],
    ]),
  );
  expect(attention.list()).toHaveLength(2);
});

it('answers by itself once the machine is gone', () => {
  const first = start();
  machine('m_1', 'quarantined');
  machine('m_2', 'quarantined');
  machine('m_1', 'destroying');
  first.stop();
  const { attention } = start();
  machine('m_2', 'gone');
  expect(attention.list().filter((call) => call.state === 'waiting')).toEqual([]);
});
