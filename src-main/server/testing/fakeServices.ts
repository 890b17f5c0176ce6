import type { Pool } from '@shared/pool';
import { poolDefaults, withAsked } from '@shared/pool';
import type { Session } from '@shared/session';
import type { Settings } from '@shared/settings';
import type { WebSocket } from 'ws';
import { createBus } from '../../base/bus';
import { iso, systemClock } from '../../base/clock';
import { Emitter } from '../../base/emitter';
import { WheelhouseError } from '../../base/errors';
import { systemIds } from '../../base/ids';
import { silentLogger } from '../../base/logger';
import { planImport } from '../../broker/poolFile';
import type { AcquireRequest, Broker } from '../../broker/types';
import type { Control } from '../../control/types';
import { checkpointsDouble } from '../../channel/testing/checkpoints';
import type { SandboxBackend } from '../../sandbox/backend';
import { openDatabase } from '../../store/database';
import { tokenStore } from '../../store/tokens';
import type { Viewer } from '../../screen/types';
import { createMetrics } from '../../metrics/index';
import type { Timeline } from '../../timeline/types';
import { createUsage } from '../../usage/index';
import { pageOf } from '../page';
import { createIdentity } from '../identity';
import type { Services, TicketMode } from '../services';
import { fakeCapacity, fakeHomes, fakeMachines } from './fakeBroker';

const control: Session['control'] = {
  kind: 'agent',
  holder: null,
  since: iso(0),
  epoch: 1,
  private: false,
  lapsesAt: null,
  lapseReason: null,
  askedBy: null,
};

export function fakeSession(sessionId: string, caller: string): Session {
  return {
    sessionId,
    poolId: 'desktop',
    computerId: `c_${sessionId}`,
    machineId: 'm_1',
    status: 'active',
    name: sessionId,
    agent: '',
    caller,
    createdAt: iso(0),
    lastActivityAt: iso(0),
    endedAt: null,
    expiresAt: null,
    reason: null,
    labels: {},
    control,
  };
}

export function fakePool(id: string, change: Partial<Pool> = {}): Pool {
  return {
    ...poolDefaults,
    id,
    displayName: id,
    createdAt: iso(0),
    observed: {
      machines: { creating: 0, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 },
      conditions: [],
    },
    ...change,
  };
}

/** The rooms behind the server, reduced to what its routes touch; identity is the real one on a store in memory. */
export function fakeServices() {
  const sessions = new Map<string, Session>();
  const pools = new Map([['desktop', fakePool('desktop')]]);
  const bus = createBus();
  const live = new Emitter<Session>();
  const db = openDatabase(':memory:');
  const identity = createIdentity({ tokens: tokenStore(db), clock: systemClock, ids: systemIds });
  const tickets = new Map<string, { sessionId: string; operator: string; mode: TicketMode }>();
  const screens: { socket: WebSocket; viewer: Viewer; mode: TicketMode }[] = [];
  const mcpRequests: { url: string; body: string; authorization: string | null; session: string | null }[] = [];
  const gone = () => new WheelhouseError('session_gone', 'There is no such session, or it has ended.');

  const find = (sessionId: string): Session => {
    const session = sessions.get(sessionId);
    if (!session) throw gone();
    return session;
  };
  const homes = fakeHomes();
  const machines = fakeMachines();
  const retried: string[] = [];
  const acquired: AcquireRequest[] = [];
  const broker = {
    pools: {
      list: () => [...pools.values()],
      get(id: string) {
        const pool = pools.get(id);
        if (!pool) throw new WheelhouseError('not_found', `There is no pool “${id}”.`);
        return pool;
      },
      create(input) {
        const pool = fakePool(`p_${pools.size}`, withAsked(poolDefaults, input));
        pools.set(pool.id, pool);
        return pool;
      },
      update(id, patch) {
        const known = pools.get(id);
        if (!known) throw new WheelhouseError('not_found', 'There is no such pool.');
        const pool = fakePool(id, withAsked(known, patch));
        pools.set(id, pool);
        return pool;
      },
      import(entries, { dryRun }) {
        const steps = planImport(entries, [...pools.values()]);
        for (const { pool, spec, shown } of dryRun ? [] : steps) {
          const id = pool?.id ?? `p_${pools.size}`;
          pools.set(id, fakePool(id, spec));
          shown.id = id;
        }
        return { applied: !dryRun, pools: steps.map(({ shown }) => shown) };
      },
      delete: async (id) => void pools.delete(id),
      retry: (id) => (retried.push(id), broker.pools.get(id)),
      ...machines.pool,
    },
    homes: homes.homes,
    machines: machines.machines,
    capacity: fakeCapacity(),
    async suspend(sessionId) {
      sessions.set(sessionId, { ...find(sessionId), status: 'idle', machineId: null, suspendedAt: iso(0) });
    },
    sessions: {
      list: (query, caller) =>
        pageOf(
          [...sessions.values()].filter((session) => caller.role !== 'agent' || session.caller === caller.name),
          (session) => session.sessionId,
          query,
        ),
      get: find,
      byComputer(computerId: string) {
        const session = [...sessions.values()].find((each) => each.computerId === computerId);
        if (!session) throw gone();
        return session;
      },
    },
    acquire: async (request) => {
      const { sessionId, caller } = request;
      acquired.push(request);
      const session = fakeSession(sessionId ?? systemIds.uuid(), caller.name);
      sessions.set(session.sessionId, session);
      return session;
    },
    release: async (sessionId) => void (find(sessionId), sessions.delete(sessionId)),
    machineOf: () => ({
      machineId: 'm_1',
      backend: { logs: async () => ['a\u001bline'] } as unknown as SandboxBackend,
    }),
    async connect(sessionId, { wake = true } = {}) {
      const known = find(sessionId);
      if (known.status === 'idle' && !wake) throw new WheelhouseError('not_ready', 'Suspended.', { suspended: true });
      const session: Session = { ...known, status: 'active', machineId: 'm_1', suspendedAt: null };
      sessions.set(sessionId, session);
      return { session, target: { machineId: 'm_1', path: '/nowhere', secret: 'secret' }, guest: null as never };
    },
  } as Partial<Omit<Broker, 'pools' | 'sessions'>> & {
    pools: Partial<Broker['pools']>;
    sessions: Partial<Broker['sessions']>;
  } as Broker;

  const answerMcp = async (request: Request, session: string | null): Promise<Response> => {
    const body = await request.text();
    mcpRequests.push({ url: request.url, body, authorization: request.headers.get('authorization'), session });
    return Response.json({ jsonrpc: '2.0', id: 1, result: {} });
  };

  // Tests count who listens to the bus.
  const figuresBus = createBus();
  const usage = createUsage({
    ...{ db, bus: figuresBus, clock: systemClock, logger: silentLogger },
    broker: { onLive: (listener) => live.on(listener), onSuspended: () => () => {}, onEnded: () => () => {} },
  });
  const metrics = createMetrics({
    db,
    bus: figuresBus,
    clock: systemClock,
    version: '0.0.0-test',
    frameBytes: () => 0,
  });
  const holds = new Map<string, Partial<Session['control']>>();
  const held = new Emitter<string>();
  const hold = (sessionId: string, state: Partial<Session['control']>): void => {
    holds.set(sessionId, state);
    held.emit(sessionId);
  };
  let settings: Settings = { onStop: null };
  const state = { stopping: false };
  const services: Services = {
    broker,
    control: {
      state: (sessionId) => ({ ...control, ...holds.get(sessionId) }),
      onChange: (listener) => held.on((sessionId) => listener(sessionId, { ...control, ...holds.get(sessionId) })),
      act: async () => ({ ...control, kind: 'human', holder: 'op' }),
      stopAll: async () => 2,
      resumeAll: async () => 1,
    } as Partial<Control> as Control,
    timeline: {
      list: () => ({ data: [], first_id: null, last_id: null, has_more: false }),
      frames: { path: (hash: string) => `/nowhere/${hash}.png` } as Timeline['frames'],
    } as Partial<Timeline> as Timeline,
    checkpoints: checkpointsDouble(),
    identity,
    usage,
    metrics,
    channel: {
      handleComputer: (request, { session }) => answerMcp(request, session.sessionId),
      handleRoot: (request) => answerMcp(request, null),
    },
    tickets: {
      issue(grant) {
        const ticket = systemIds.secret();
        tickets.set(ticket, grant);
        return { ticket, expiresAt: iso(Date.now() + 30_000) };
      },
      redeem(ticket) {
        const grant = tickets.get(ticket);
        if (!grant || !tickets.delete(ticket)) throw new WheelhouseError('unauthorized', 'Used or unknown ticket.');
        return grant;
      },
    },
    openScreen(socket, viewer, mode) {
      screens.push({ socket, viewer, mode });
      socket.send(Buffer.from('RFB 003.008\n'));
    },
    ownsFrame: () => false,
    bus,
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
    version: '0.0.0-test',
    settings: {
      get: () => settings,
      change: (patch) => (settings = { ...settings, ...patch }),
    },
    ready: () => !state.stopping,
    stopping: () => state.stopping,
  };
  const token = (role: 'agent' | 'operator' | 'admin', name: string = role, poolIds: string[] = []): string =>
    identity.create({ name, role, pools: poolIds }).secret;
  const callOf = (sessionId: string) => usage.call(sessionId, 'click');
  const made = { homes, machines, retried, acquired, state, hold };
  return { ...made, live, callOf, services, sessions, pools, screens, mcpRequests, bus, token, identity };
}
