import { expect, it } from 'vitest';
import { fakeServices, fakeSession } from '../../server/testing/fakeServices';
import type { Rooms } from '../rooms';
import { capacityHandlers } from './capacity';
import { machineHandlers } from './machines';
import { poolHandlers } from './pools';
import { sessionHandlers } from './sessions';

const begin = () => {
  const rooms = fakeServices();
  const { broker } = rooms.services;
  const operator = { name: 'ann', admin: true };
  return { ...rooms, broker, operator };
};

it('looks at a machine, keeps it, and runs a command in the name of the person', async () => {
  const { broker, operator, machines } = begin();
  const handlers = machineHandlers({ broker, operator });
  machines.add('m_broken01', { state: 'quarantined', trouble: 'frozen' });
  expect(await handlers['machines.look']({ machineId: 'm_broken01' })).toMatchObject({
    machine: { trouble: 'frozen' },
    canRun: true,
  });
  expect(await handlers['machines.run']({ machineId: 'm_broken01', command: 'id' })).toMatchObject({
    output: 'ann: id',
  });
  expect(handlers['machines.keep']({ machineId: 'm_broken01' }).keptUntil).not.toBeNull();
});

it('suspends and resumes a session, tries a pool again, and sets what the computer gives', async () => {
  const { broker, operator, sessions, retried } = begin();
  sessions.set('session-1', fakeSession('session-1', 'one'));
  const handlers = sessionHandlers({ broker, operator } as Rooms);
  expect(await handlers['sessions.suspend']({ sessionId: 'session-1' })).toBeNull();
  expect(broker.sessions.get('session-1')).toMatchObject({ status: 'idle', machineId: null });
  expect(await handlers['sessions.resume']({ sessionId: 'session-1' })).toMatchObject({ status: 'active' });
  const pools = poolHandlers({ broker, url: 'http://x' }, { saveText: async () => false, openText: async () => null });
  expect(pools['pools.retry']({ id: 'desktop' }).id).toBe('desktop');
  expect(retried).toEqual(['desktop']);
  const capacity = capacityHandlers({ broker });
  const limits = { machines: 3, memoryMiB: null, cpus: 1.5 };
  expect(capacity['capacity.set'](limits).limits).toEqual(limits);
  expect(capacity['capacity.get']().limits).toEqual(limits);
});
