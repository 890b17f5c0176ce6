import { Readable } from 'node:stream';
import type { CapacityLimits } from '@shared/capacity';
import type { Home } from '@shared/home';
import type { Pool } from '@shared/pool';
import { poolDefaults } from '@shared/pool';
import type { Session } from '@shared/session';
import { WheelhouseError } from '../../base/errors';
import type { AcquireRequest, Broker, Kept } from '../../broker/types';
import type { GuestClient } from '../../guest/types';
import type { SandboxBackend } from '../../sandbox/backend';

const noLimits: CapacityLimits = { machines: null, memoryMiB: null, cpus: null };
const time = '2026-01-01T00:00:00.000Z';

export function makePool(id: string, displayName = id, more: Partial<Pool> = {}): Pool {
  const machines = { creating: 0, starting: 0, ready: 2, leased: 0, resetting: 0, quarantined: 0 };
  return { ...poolDefaults, id, displayName, createdAt: time, observed: { machines, conditions: [] }, ...more };
}

export function makeSession(sessionId: string, caller: string, more: Partial<Session> = {}): Session {
  return {
    sessionId,
    poolId: 'desktop',
    computerId: `c_${sessionId}`,
    machineId: `m_${sessionId}`,
    status: 'active',
    name: `Session ${sessionId}`,
    agent: '',
    caller,
    createdAt: time,
    lastActivityAt: time,
    endedAt: null,
    expiresAt: null,
    reason: null,
    labels: {},
    control: {
      kind: 'agent',
      holder: null,
      since: time,
      epoch: 1,
      private: false,
      lapsesAt: null,
      lapseReason: null,
      askedBy: null,
    },
    ...more,
  };
}

export interface BrokerDouble extends Broker {
  add(session: Session): Session;
  end(sessionId: string, reason?: string, status?: 'released' | 'failed'): void;
  touched: string[];
  acquired: AcquireRequest[];
  agents: Map<string, string>;
  poolList: Pool[];
  notReady: Set<string>;
  /** Of every session's machine; null: not asked in this test. */
  backend: SandboxBackend | null;
  saved: { sessionId: string; checkpointId: string }[];
  restored: { sessionId: string; checkpointId: string }[];
  homeList: Home[];
  limits: CapacityLimits;
  /** Sessions that were suspended, in order; `connect` wakes them. */
  suspended: string[];
}

const unused = (): never => {
  throw new Error('not part of this double');
};

/** Pools and sessions in memory, with the broker's own refusals. */
export function brokerDouble(guestOf: (sessionId: string) => GuestClient): BrokerDouble {
  const sessions = new Map<string, Session>();
  const ended = new Set<(session: Session) => void>();
  const asleep = new Set<(session: Session, kept: Kept) => void>();
  let made = 0;
  const get = (sessionId: string): Session => {
    const session = sessions.get(sessionId);
    if (!session) throw new WheelhouseError('session_gone', 'There is no such session.');
    return session;
  };
  const setFrozen = (sessionId: string, frozen: boolean): void =>
    void sessions.set(sessionId, { ...get(sessionId), frozen });
  const homeOf = (homeId: string): Home => {
    const home = broker.homeList.find((one) => one.homeId === homeId);
    if (!home) throw new WheelhouseError('not_found', 'There is no such home.');
    return home;
  };
  const live = () => [...sessions.values()].filter((session) => ['active', 'idle'].includes(session.status));
  const broker: BrokerDouble = {
    touched: [],
    acquired: [],
    agents: new Map(),
    poolList: [makePool('desktop', 'Desktop')],
    notReady: new Set(),
    backend: null,
    saved: [],
    restored: [],
    homeList: [],
    limits: noLimits,
    suspended: [],
    add(session) {
      sessions.set(session.sessionId, session);
      return session;
    },
    end(sessionId, reason = 'ended', status = 'released') {
      const session = { ...get(sessionId), status, endedAt: time, reason };
      sessions.set(sessionId, session);
      for (const listener of ended) listener(session);
    },
    pools: {
      list: () => broker.poolList,
      get: (id) => broker.poolList.find((pool) => pool.id === id) ?? unused(),
      create: unused,
      update: unused,
      import: unused,
      delete: unused,
      machines: unused,
      destroyMachine: unused,
      retry: (id) => broker.pools.get(id),
    },
    machines: { look: unused, run: unused, keep: unused },
    homes: {
      list: ({ poolId, caller } = {}) =>
        broker.homeList
          .filter((home) => poolId === undefined || home.poolId === poolId)
          .filter((home) => caller === undefined || home.caller === caller),
      get: (homeId) => homeOf(homeId),
      async remove(homeId) {
        const { sessionId } = homeOf(homeId);
        if (sessionId !== null) throw new WheelhouseError('conflict', 'A session has this home.', { sessionId });
        broker.homeList = broker.homeList.filter((home) => home.homeId !== homeId);
      },
      async read(homeId) {
        homeOf(homeId);
        const bytes = Buffer.from('a tar of it');
        return { format: 'tar', bytes: bytes.length, stream: Readable.from([bytes]) };
      },
    },
    capacity: {
      get: () => ({
        limits: broker.limits,
        defaults: noLimits,
        host: { memoryMiB: 16_384, cpus: 8 },
        taken: { machines: 0, memoryMiB: 0, cpus: 0 },
        pools: [],
      }),
      set(limits) {
        broker.limits = limits;
        return broker.capacity.get();
      },
    },
    sessions: {
      list: unused,
      get,
      byComputer: (id) => [...sessions.values()].find((session) => session.computerId === id) ?? get(id),
      live,
    },
    async acquire(request) {
      broker.acquired.push(request);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const id = request.sessionId ?? `made-session-${++made}`;
      return (
        sessions.get(id) ??
        broker.add(makeSession(id, request.caller.name, { poolId: request.poolId, name: request.name ?? id }))
      );
    },
    async release(sessionId, _by, reason) {
      if (!['active', 'idle'].includes(get(sessionId).status))
        throw new WheelhouseError('session_gone', 'It has ended.');
      broker.end(sessionId, reason);
    },
    async connect(sessionId, options = {}) {
      let session = get(sessionId);
      if (session.status === 'idle') {
        if (options.wake === false)
          throw new WheelhouseError('not_ready', 'The session is suspended.', { suspended: true });
        session = broker.add({ ...session, status: 'active', suspendedAt: null });
      }
      if (session.status !== 'active') throw new WheelhouseError('session_gone', 'The session has ended.');
      if (broker.notReady.has(sessionId)) throw new WheelhouseError('not_ready', 'Its machine is being looked for.');
      const guest = guestOf(sessionId);
      return { session, target: guest.target, guest };
    },
    async suspend(sessionId) {
      const session = get(sessionId);
      if (session.status === 'idle') return;
      if (session.status !== 'active') throw new WheelhouseError('session_gone', 'The session has ended.');
      broker.suspended.push(sessionId);
      const suspended = broker.add({ ...session, status: 'idle', suspendedAt: time });
      for (const listener of asleep) listener(suspended, { all: false, failure: null });
    },
    touch: (sessionId) => void broker.touched.push(sessionId),
    setAgent(sessionId, agent) {
      broker.agents.set(sessionId, agent);
      sessions.set(sessionId, { ...get(sessionId), agent });
    },
    fail: unused,
    freeze: async (sessionId) => setFrozen(sessionId, true),
    thaw: async (sessionId) => setFrozen(sessionId, false),
    async saveMachine(sessionId, checkpointId) {
      broker.saved.push({ sessionId: get(sessionId).sessionId, checkpointId });
      return { bytes: 1024 };
    },
    async restoreMachine(sessionId, checkpointId) {
      broker.restored.push({ sessionId: get(sessionId).sessionId, checkpointId });
    },
    machineOf: (sessionId) => ({
      machineId: get(sessionId).machineId ?? unused(),
      backend: broker.backend ?? unused(),
    }),
    reconcile: () => {},
    onLive: () => () => {},
    onSuspended(listener) {
      asleep.add(listener);
      return () => void asleep.delete(listener);
    },
    onEnded(listener) {
      ended.add(listener);
      return () => void ended.delete(listener);
    },
    start: async () => {},
    drain: () => undefined,
    stop: async () => {},
  };
  return broker;
}
