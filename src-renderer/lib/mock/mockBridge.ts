import type { Action } from '@shared/action';
import type { ControlState } from '@shared/control';
import type { ErrorCode } from '@shared/errors';
import type { Bridge, PushData, PushName, RequestInput, RequestName, RequestOutput, SetupStatus } from '@shared/ipc';
import type { Pool } from '@shared/pool';
import { setPictureSource } from '../pictures';
import { setScreenChannel } from '../screenChannel';
import { drawingUrl, readHash } from './drawings';
import { action, ago, attention, machines, me, pools, sceneOf, sessions } from './mockData';
import { story } from './mockStory';
import { MockRfbChannel, type MockInput } from './mockRfb';

type Handlers = { [N in RequestName]: (input: RequestInput<N>) => RequestOutput<N> | Promise<RequestOutput<N>> };

const refuse = (code: ErrorCode, message: string) => ({
  error: { code, message, type: 'conflict', details: [], additionalInfo: {} },
});

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
  let setup = wish.get('setup') === 'building' ? building() : ready();
  Object.assign(window, { mockInputs: inputs, mockPush: push });

  setPictureSource({
    frame: (hash) => drawingUrl(...readHash(hash)),
    crop: (hash, crop) =>
      drawingUrl(...readHash(hash), crop, { width: crop.width * crop.scale, height: crop.height * crop.scale }),
    thumb: (id, version, width) =>
      drawingUrl(sceneOf.get(id) ?? 'orders', version, undefined, { width, height: width / 1.6 }),
  });
  setScreenChannel(
    (url) =>
      new MockRfbChannel(
        sceneOf.get(url.slice(5)) ?? 'orders',
        () => step,
        (input) => inputs.push(input),
      ),
  );

  const find = (id: string) => {
    const session = sessions.find((each) => each.sessionId === id);
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
      ...patch,
    };
    push('event', { event: 'control', data: { sessionId: id, control: session.control } });
    return session.control;
  };
  const note = (id: string, words: string, patch: Partial<Action>) => {
    const row = action(id, ago(0), words, patch);
    rows(id).push(row);
    push('event', { event: 'action', data: row });
  };
  const human = { actor: { kind: 'human' as const, name: me } };

  const handlers: Handlers = {
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
        ...(pools[0] as Pool),
        ...input,
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
    'pools.machines': ({ id }) => machines.filter((machine) => machine.poolId === id),
    'pools.destroyMachine': ({ machineId }) => {
      const machine = machines.find((each) => each.machineId === machineId);
      if (machine) push('event', { event: 'machine', data: { ...machine, state: 'gone' } });
      return null;
    },
    'sessions.list': () => ({
      data: wish.has('empty') ? [] : [...sessions],
      first_id: null,
      last_id: null,
      has_more: false,
    }),
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
          return setControl(sessionId, { kind: 'paused', holder: null });
        case 'resume':
          note(sessionId, 'Let it go on', { ...human, tool: 'control.resume' });
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
      return { url: `mock:${sessionId}`, expiresAt: ago(-30) };
    },
    'screen.watchThumbnails': ({ sessionIds }) => {
      for (const sessionId of sessionIds) push('thumbnail', { sessionId, version: step });
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
    'tokens.list': () => [],
    'tokens.create': ({ name, poolId }) => ({
      token: { tokenId: 't1', name, role: 'agent', pools: [poolId], createdAt: ago(0), lastUsedAt: null },
      secret: `whl_agent_${'9fQ2'.repeat(8)}c4Xw`,
      mcpUrl: 'http://127.0.0.1:7317/mcp',
    }),
    'tokens.withdraw': () => null,
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

function ready(): SetupStatus {
  return {
    docker: {
      state: 'running',
      version: '27.3',
      message: 'Running',
      fix: null,
      cpus: 8,
      memoryBytes: 32 * 1024 ** 3,
      diskFreeBytes: 212 * 1024 ** 3,
    },
    image: { state: 'ready', tag: 'desktop:6f1c2a', message: '' },
    build: null,
    ready: true,
  };
}

function building(): SetupStatus {
  const step = (name: string, state: 'done' | 'running' | 'waiting', seconds: number | null) => ({
    name,
    state,
    seconds,
  });
  return {
    ...ready(),
    image: { state: 'building', tag: null, message: '' },
    ready: false,
    build: {
      startedAt: ago(192),
      percent: 58,
      secondsLeft: 170,
      steps: [
        step('Debian base', 'done', 21),
        step('Screen and window manager', 'done', 48),
        step('Files, editor, terminal', 'done', 62),
        step('Chromium, step 7 of 12', 'running', 61),
        step('Node and the in-guest agent', 'waiting', null),
        step('Fonts and keyboard layouts', 'waiting', null),
        step('Start once and look at the screen', 'waiting', null),
      ],
      log: [
        'Get:38 bookworm/main xfonts-base 5,896 kB',
        'Get:39 bookworm/main openbox 3.6.1-10 341 kB',
        'Setting up openbox (3.6.1-10) …',
        'Step 7/12 : install chromium',
        'Get:1 bookworm-security chromium-common 31.4 MB',
        'Get:2 bookworm-security chromium 78.9 MB',
        'Unpacking chromium (142.0.7444.59) …',
      ],
      error: null,
    },
  };
}
