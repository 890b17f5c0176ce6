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
const machine = (
  machineId: string,
  state: Machine['state'],
  reason: string | null = null,
  more: Partial<Machine> = {},
) =>
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
      ...more,
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

it('asks for a machine in trouble under its session, urgently for a stopped one, until it is well again', () => {
  const { attention } = start();
  const sessionId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
  machine('m_1', 'leased', null, { sessionId });
  expect(attention.list()).toEqual([]);
  machine('m_1', 'leased', 'It was stopped.', { sessionId, trouble: 'frozen' });
  machine('m_1', 'leased', 'It was stopped.', { sessionId, trouble: 'frozen' });
  machine('m_2', 'leased', 'Its disk is full.', { sessionId, trouble: 'disk_full' });
  expect(attention.list().map((call) => [call.title, call.urgency, call.sessionId])).toEqual(
    expect.arrayContaining([
      ['Machine m_1 was stopped under its session', 'now', null],
      ['Machine m_2 is in trouble under its session', 'soon', null],
    ]),
  );
  expect(attention.list()[0]?.why).toContain(sessionId);
  machine('m_1', 'leased', null, { sessionId, trouble: null });
  expect(attention.list().map((call) => call.title)).toEqual(['Machine m_2 is in trouble under its session']);
  machine('m_2', 'quarantined', 'It died.', { trouble: 'dead' });
  expect(attention.list().map((call) => call.title)).toEqual(['Machine m_2 was set aside']);
  machine('m_2', 'gone');
  expect(attention.list()).toEqual([]);
});

it('answers after a restart what it asked for before', () => {
  const first = start();
  machine('m_1', 'leased', 'Its disk is full.', { trouble: 'disk_full' });
  first.stop();
  const { attention } = start();
  machine('m_1', 'leased', null);
  expect(attention.list()).toEqual([]);
});
