import type { Action } from '@shared/action';
import type { ControlState } from '@shared/control';
import type { Bridge, PushData, PushName, SetupStatus } from '@shared/ipc';
import { withAsked, type Pool } from '@shared/pool';
import { setPictureSource } from '../pictures';
import { setScreenChannel } from '../screenChannel';
import { drawingUrl, readHash } from './drawings';
import { capacityHandlers } from './mockCapacity';
import { checkpointHandlers, refuse, type Handlers, type MockWorld } from './mockCheckpoints';
import { action, ago, attention, endedSessions, machines, me, sceneOf, sessions } from './mockData';
import { homeHandlers } from './mockHomes';
import { lookHandlers } from './mockLooks';
import { suspendHandlers } from './mockSuspend';
import { consoleLog, diagnostics, images, tokens } from './mockHost';
import { pools } from './mockPools';
import { poolFileHandlers } from './mockPoolFiles';
import { building, ready } from './mockSetup';
import { story } from './mockStory';
import { MockRfbChannel, type MockInput } from './mockRfb';
import { mockUsage } from './mockUsage';

/** Development's main process: it remembers, refuses, and time passes in it. The build for the app never holds it. */
export function createMockBridge(): Bridge {
  const wish = new URLSearchParams(location.search);
  const listeners = new Map<PushName, Set<(data: never) => void>>();
  const push = <N extends PushName>(name: N, data: PushData<N>) =>
    listeners.get(name)?.forEach((listener) => (listener as (data: PushData<N>) => void)(data));
  const timelines = new Map<string, Action[]>();
  const inputs: MockInput[] = [];
  let theme: 'dark' | 'light' | 'system' = wish.get('theme') === 'light' ? 'light' : 'dark';
  let step = 0;
  let setup: SetupStatus = wish.get('setup') === 'building' ? building() : ready();
  Object.assign(window, { mockInputs: inputs, mockPush: push });

  setPictureSource({
    frame: (hash) => drawingUrl(...readHash(hash)),
    crop: (hash, crop) =>
      drawingUrl(...readHash(hash), crop, { width: crop.width * crop.scale, height: crop.height * crop.scale }),
    thumb: (id, version, width) =>
      drawingUrl(sceneOf.get(id) ?? 'orders', version, undefined, { width, height: width / 1.6 }),
  });
  const screens = new Map<string, Set<MockRfbChannel>>();
  const gone = new Set<string>();
  setScreenChannel((url) => {
    const id = url.slice(5);
    const channel = new MockRfbChannel(
      sceneOf.get(id) ?? 'orders',
      () => (find(id).frozen ? 0 : step),
      (input) => inputs.push(input),
    );
    screens.set(id, (screens.get(id) ?? new Set()).add(channel));
    return channel;
  });
  const away = (id: string, is: boolean) => {
    if (!is) return void gone.delete(id);
    gone.add(id);
    for (const channel of screens.get(id) ?? []) channel.close();
    screens.delete(id);
  };

  const find = (id: string) => {
    const session = [...sessions, ...endedSessions].find((each) => each.sessionId === id);
    if (!session) throw refuse('not_found', 'No session has this id.');
    return session;
  };
  const rows = (id: string) => {
    const known = timelines.get(id) ?? story(id);
    timelines.set(id, known);
    return known;
  };
  const setControl = (id: string, patch: Partial<ControlState>) => {
    const session = find(id);
    session.control = {
      ...session.control,
      since: ago(0),
      epoch: session.control.epoch + 1,
      lapsesAt: null,
      lapseReason: null,
      askedBy: null,
      pausedBy: null,
      ...patch,
    };
    push('event', { event: 'control', data: { sessionId: id, control: session.control } });
    return session.control;
  };
  const note = (id: string, words: string, patch: Partial<Action>) => {
    const row = action(id, ago(0), words, patch);
    rows(id).push(row);
    push('event', { event: 'action', data: row });
    return row;
  };
  const freeze = (id: string, frozen: boolean) => {
    find(id).frozen = frozen;
    push('event', { event: 'session', data: { ...find(id) } });
  };
  const human = { actor: { kind: 'human' as const, name: me } };

  const world: MockWorld = { wish, push, find, rows, note, setControl, away };

  const handlers: Handlers = {
    ...checkpointHandlers(world),
    ...homeHandlers(world),
    ...capacityHandlers(world),
    ...lookHandlers(world),
    ...suspendHandlers(world),
    'diagnostics.look': () => diagnostics(wish.get('host')),
    'images.list': ({ backend }) => images(backend),
    'sessions.consoleLog': ({ lines }) => consoleLog(lines, step),
    'app.info': () => ({
      version: '0.1.0',
      runtime: '45.4.1',
      unofficialRuntime: wish.has('notice'),
      sandboxed: true,
      platform: 'linux',
      url: 'http://127.0.0.1:7317',
      dataDir: '/data',
      operator: me,
      headless: false,
      notices: [],
    }),
    'app.stats': () => ({
      cpuPercent: 38,
      memoryUsedBytes: 41 * 1024 ** 3,
      memoryTotalBytes: 64 * 1024 ** 3,
      diskFreeBytes: 212 * 1024 ** 3,
    }),
    'app.copyText': () => null,
    'app.openHelp': () => null,
    'app.setTheme': (input) => {
      theme = input.theme;
      return null;
    },
    'app.theme': () => theme,
    'setup.status': () => setup,
    'setup.look': () => setup,
    'setup.buildImage': () => {
      setup = building();
      push('setup', setup);
      return null;
    },
    'setup.cancelBuild': () => {
      setup = {
        ...setup,
        build: null,
        image: { ...setup.image, state: 'missing', message: 'It is built here, once, in about 6 minutes.' },
      };
      push('setup', setup);
      return null;
    },
    'pools.list': () => (wish.has('empty') ? [] : pools),
    'pools.create': (input) => {
      const made: Pool = {
        ...withAsked(pools[0] as Pool, input),
        id: input.displayName.toLowerCase().replace(/\W+/g, '-'),
        observed: {
          machines: { creating: 2, starting: 0, ready: 0, leased: 0, resetting: 0, quarantined: 0 },
          conditions: [],
        },
      };
      pools.push(made);
      push('event', { event: 'pool', data: made });
      return made;
    },
    'pools.update': ({ id, patch }) => {
      const pool = pools.find((each) => each.id === id);
      if (!pool) throw refuse('not_found', 'No pool has this id.');
      Object.assign(pool, patch);
      push('event', { event: 'pool', data: { ...pool } });
      return { ...pool };
    },
    'pools.delete': ({ id }) => {
      push('event', { event: 'pool_deleted', data: { id } });
      return null;
    },
    ...poolFileHandlers(wish),
    'pools.machines': ({ id }) => machines.filter((machine) => machine.poolId === id),
    'pools.destroyMachine': ({ machineId }) => {
      const machine = machines.find((each) => each.machineId === machineId);
      if (machine) push('event', { event: 'machine', data: { ...machine, state: 'gone' } });
      return null;
    },
    'usage.report': (query) => mockUsage({ ...query, by: query.by ?? 'session' }),
    'usage.exportCsv': () => ({ saved: true }),
    'sessions.list': ({ live, limit, before }) => {
      if (wish.has('empty')) return { data: [], first_id: null, last_id: null, has_more: false };
      const all = live ? [...sessions] : [...sessions.toReversed(), ...endedSessions];
      const from = all.findIndex((each) => each.sessionId === before) + 1;
      const data = all.slice(from, from + limit);
      return {
        data,
        first_id: data[0]?.sessionId ?? null,
        last_id: data.at(-1)?.sessionId ?? null,
        has_more: from + limit < all.length,
      };
    },
    'sessions.get': ({ sessionId }) => ({ ...find(sessionId) }),
    'sessions.start': ({ poolId, name }) => {
      const made = {
        ...find('refund-batch-14'),
        sessionId: `started-${Date.now()}`,
        poolId,
        name: name || 'Desktop',
        agent: '',
        createdAt: ago(0),
        lastActivityAt: ago(0),
      };
      sessions.push(made);
      push('event', { event: 'session', data: made });
      return made;
    },
    'sessions.release': ({ sessionId }) => {
      push('event', { event: 'session', data: { ...find(sessionId), status: 'released', endedAt: ago(0) } });
      return null;
    },
    'timeline.list': ({ sessionId, limit, before }) => {
      const all = rows(sessionId);
      const end = before ? all.findIndex((row) => row.id === before) : all.length;
      const data = all.slice(Math.max(0, end - limit), end);
      return { data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: end - limit > 0 };
    },
    'control.act': async ({ sessionId, request }) => {
      const { control } = find(sessionId);
      switch (request.action) {
        case 'take':
          if (control.kind === 'human' && !request.force)
            throw refuse('control_held', `${control.holder} holds control.`);
          setControl(sessionId, { kind: 'draining', holder: me });
          await new Promise((done) => setTimeout(done, 350));
          note(sessionId, 'Took control', { ...human, tool: 'control.take' });
          return setControl(sessionId, { kind: 'human', holder: me });
        case 'release':
          note(sessionId, 'Handed back', {
            ...human,
            tool: 'control.release',
            arguments: { note: request.note ?? '' },
          });
          return setControl(sessionId, { kind: request.leavePaused ? 'paused' : 'agent', holder: null });
        case 'pause':
          note(sessionId, 'Paused', { ...human, tool: 'control.pause' });
          freeze(sessionId, true);
          return setControl(sessionId, { kind: 'paused', holder: null, pausedBy: me });
        case 'resume':
          note(sessionId, 'Let it go on', { ...human, tool: 'control.resume' });
          freeze(sessionId, false);
          return setControl(sessionId, { kind: 'agent', holder: null });
        case 'request':
          return setControl(sessionId, { ...control, askedBy: me });
        case 'give':
          return setControl(sessionId, { kind: 'human', holder: request.to ?? 'Mara K.' });
        case 'keep':
          return setControl(sessionId, { ...control, askedBy: null, lapsesAt: null, lapseReason: null });
      }
    },
    'control.sendClipboard': () => ({ characters: 42 }),
    'control.fetchClipboard': () => ({ characters: 17 }),
    'screen.ticket': ({ sessionId }) => {
      if (wish.has('lost')) throw refuse('guest_failed', 'The desktop does not answer');
      if (gone.has(sessionId)) throw refuse('not_ready', 'The machine is being put back');
      return { url: `mock:${sessionId}`, expiresAt: ago(-30) };
    },
    'screen.watchThumbnails': ({ sessionIds }) => {
      for (const sessionId of sessionIds)
        if (find(sessionId).machineId) push('thumbnail', { sessionId, version: step });
      return null;
    },
    'attention.list': () => (wish.has('empty') ? [] : [...attention]),
    'attention.answer': ({ id, answer }) => {
      const found = attention.find((each) => each.id === id);
      if (!found) throw refuse('not_found', 'This call is over.');
      const answered = { ...found, state: 'answered' as const, answer, answeredBy: me };
      push('event', { event: 'attention', data: answered });
      return answered;
    },
    'tokens.list': () => (wish.has('empty') ? [] : [...tokens]),
    'tokens.create': ({ name, poolId }) => ({
      token: { tokenId: 't1', name, role: 'agent', pools: [poolId], createdAt: ago(0), lastUsedAt: null },
      secret: `whl_agent_${'9fQ2'.repeat(8)}c4Xw`,
      mcpUrl: 'http://127.0.0.1:7317/mcp',
    }),
    'tokens.withdraw': ({ tokenId }) => {
      const at = tokens.findIndex((token) => token.tokenId === tokenId);
      if (at >= 0) tokens.splice(at, 1);
      return null;
    },
    'tokens.progress': ({ tokenId }) => ({
      tokenId,
      reachedAt: null,
      acceptedAt: null,
      firstToolAt: null,
      firstTool: null,
      client: null,
    }),
    'tokens.test': ({ tokenId }) => {
      push('tokenProgress', {
        tokenId,
        reachedAt: ago(0),
        acceptedAt: ago(0),
        firstToolAt: ago(0),
        firstTool: 'list_pools',
        client: 'Wheelhouse test',
      });
      return { tool: 'list_pools', ms: 14 };
    },
    'demo.status': () => ({ state: 'off', sessionId: null, step: '', message: null }),
    'demo.start': () => ({ state: 'starting', sessionId: null, step: 'Starts', message: null }),
    'demo.stop': () => ({ state: 'off', sessionId: null, step: '', message: null }),
  };

  // The agents act: one row, one new picture, every few seconds.
  setInterval(() => {
    step += 1;
    for (const session of sessions) {
      if (session.control.kind !== 'agent' || session.status !== 'active' || session.sessionId === 'company-register')
        continue;
      session.lastActivityAt = ago(0);
      push('event', { event: 'session', data: { ...session } });
      push('thumbnail', { sessionId: session.sessionId, version: step });
      if (step % 3 === 0 && session.sessionId === 'refund-batch-14')
        note(session.sessionId, 'Clicked **Issue refund**', { point: { x: 950, y: 503 } });
    }
  }, 4000);

  return {
    invoke: async (name, input) => (handlers[name] as (input: unknown) => never)(input),
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener as (data: never) => void));
      return () => set.delete(listener as (data: never) => void);
    },
  };
}
