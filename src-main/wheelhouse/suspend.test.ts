import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { stockClients, textOf } from '../channel/testing/clients';
import { sleep } from '../base/deadline';
import { until } from '../server/testing/client';
import { callTool, startFakeHouse } from './testing/fakeHouse';

let house: Awaited<ReturnType<typeof startFakeHouse>>;
afterEach(() => house.stop());

type Answer = Awaited<ReturnType<typeof callTool>>['result'];
const textIn = (answer: Answer): string => answer.content.map((block) => block.text ?? '').join('\n');

/** A session of a pool that suspends, and its agent's calls. */
async function begin() {
  house = await startFakeHouse();
  const [pool] = (await house.api('GET', '/api/pools')).body.data.filter(
    (one: { displayName: string }) => one.displayName === 'Fake',
  );
  await house.api('PATCH', `/api/pools/${pool.id}`, { idle: { policy: 'suspend', afterSeconds: 3600 } });
  const session = await house.session('robot');
  const { sessionId } = session;
  const root = new URL('/mcp', house.wheelhouse.url).href;
  let id = 0;
  return {
    ...session,
    poolId: pool.id as string,
    call: async (name: string, args = {}) =>
      (await callTool(session.computerUrl, session.secret, ++id, name, args)).result,
    rootCall: async (name: string, args = {}) => (await callTool(root, session.secret, ++id, name, args)).result,
    view: () => house.wheelhouse.broker.sessions.get(sessionId),
    suspend: () => house.api('POST', `/api/sessions/${sessionId}/suspend`),
    control: (request: object) => house.api('POST', `/api/sessions/${sessionId}/control`, request),
    tools: () =>
      house.wheelhouse.timeline.list(sessionId, { limit: 100, order: 'asc' }).data.map((action) => action.tool),
  };
}

describe('an agent whose session was suspended', () => {
  it('goes on with its next call, and hears once that its desktop is another one', async () => {
    const { call, rootCall, suspend, view, tools, computerUrl, secret } = await begin();
    const before = view();
    expect(before.home).not.toBeNull();
    await call('execute_shell_command', { command: 'echo kept > notes.txt' });
    expect((await suspend()).status).toBeLessThan(300);
    expect(view()).toMatchObject({ status: 'idle', machineId: null });

    const listed = await fetch(computerUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    });
    expect(listed.status).toBe(200);
    expect((await rootCall('get_session')).structuredContent).toMatchObject({ sessions: [{ status: 'idle' }] });
    expect((await call('get_control')).structuredContent).toMatchObject({ control: 'agent' });
    expect((await rootCall('await_control', { timeoutMs: 0 })).isError).toBeFalsy();
    expect((await call('click', { x: -5, y: 1 })).structuredContent).toMatchObject({ code: 'bad_request' });
    expect(view().status).toBe('idle');

    const cat = await call('execute_shell_command', { command: 'cat notes.txt' });
    expect(cat).toMatchObject({ structuredContent: { resumed: true, success: true } });
    expect(textIn(cat)).toContain('kept');
    expect(textIn(cat)).toMatch(/has a new desktop since: the files in \$HOME are as they were/);
    expect(view()).toMatchObject({ sessionId: before.sessionId, computerId: before.computerId, status: 'active' });
    const again = await call('take_screenshot');
    expect(again.isError).toBeFalsy();
    expect(again.structuredContent?.['resumed']).toBeUndefined();
    await suspend();
    expect(textIn(await rootCall('take_screenshot'))).toMatch(/new desktop/);
    const told = tools().filter((tool) => tool.startsWith('session.'));
    expect(told).toEqual(['session.started', ...Array(2).fill(['session.suspended', 'session.resumed']).flat()]);
  });

  it.each(stockClients)('is told what it waits for: %s', async (_name, connect) => {
    const { computerUrl, secret, suspend } = await begin();
    const client = await connect(computerUrl, secret, 'robot');
    await suspend();
    house.backend.faults.createDelayMs = 60;
    const said: string[] = [];
    const answer = await client.call('take_screenshot', {}, (progress) =>
      said.push((progress as { message?: string }).message ?? ''),
    );
    expect(answer.isError).toBeFalsy();
    expect(textOf(answer)).toContain('new desktop');
    expect(said.some((words) => words.startsWith('The session was suspended; its desktop is coming up.'))).toBe(true);
    await client.close();
  });

  it('reads what is in the way, and can try again', async () => {
    const { call, suspend, view } = await begin();
    await suspend();
    house.backend.faults.createFails = 'guest_failed';
    const failed = await call('take_screenshot');
    expect(failed).toMatchObject({
      isError: true,
      structuredContent: { code: 'guest_failed', suspended: true, retryAfterSeconds: 5 },
    });
    expect(textIn(failed)).toMatch(/stays suspended.*Nothing was done/);
    expect(view().status).toBe('idle');
    house.backend.faults.createFails = null;
    expect((await call('take_screenshot')).isError).toBeFalsy();
  });

  it('is refused while a person has stopped it, and nothing is started for that', async () => {
    const { call, suspend, view, control, sessionId } = await begin();
    await suspend();
    await control({ action: 'pause' });
    expect(house.wheelhouse.control.state(sessionId).kind).toBe('paused');
    expect((await call('take_screenshot')).structuredContent).toMatchObject({ code: 'control_paused', by: 'ann' });
    expect(view().status).toBe('idle');
    await control({ action: 'resume' });
    await until(() => house.wheelhouse.control.state(sessionId).kind === 'agent', 'the agent has control');
    expect(view().status).toBe('idle');
    expect((await call('take_screenshot')).isError).toBeFalsy();
  });
});

describe('people and a suspended session', () => {
  it('who takes control gets a desktop, and the agent the note', async () => {
    const { call, suspend, view, control, sessionId } = await begin();
    await suspend();
    const taken = await control({ action: 'take' });
    expect(taken.body).toMatchObject({ kind: 'human', holder: 'ann' });
    expect(view().status).toBe('active');
    expect(await suspend()).toMatchObject({ status: 409 });
    await control({ action: 'release', note: 'logged in' });
    await until(() => house.wheelhouse.control.state(sessionId).kind === 'agent', 'the agent has control');
    const answer = await call('take_screenshot');
    expect(textIn(answer)).toMatch(/new desktop[^]*logged in/);
  });

  it('who takes a stopped one finds it running; a new desktop of a stopped one is stopped too', async () => {
    const { suspend, view, control, sessionId } = await begin();
    await suspend();
    await control({ action: 'pause' });
    const taken = await control({ action: 'take' });
    expect(taken.body).toMatchObject({ kind: 'human', holder: 'ann' });
    expect(view()).toMatchObject({ status: 'active', frozen: false });
    await control({ action: 'release', leavePaused: false });
    await until(() => house.wheelhouse.control.state(sessionId).kind === 'agent', 'the agent has control');
    await suspend();
    await control({ action: 'pause' });
    await house.wheelhouse.broker.connect(sessionId, { wake: true });
    await until(() => view().frozen === true, 'the new machine is stopped');
    await control({ action: 'resume' });
    await until(() => view().frozen === false, 'it goes on');
  });

  it('a viewer is told and let go, no picture wakes it, and a new viewer does', async () => {
    const { call, suspend, view, sessionId } = await begin();
    await call('take_screenshot');
    const open = async () => {
      const { body } = await house.api('POST', `/api/sessions/${sessionId}/screen-tickets`, { mode: 'view' });
      const socket = new WebSocket(body.url, 'binary');
      const closed = new Promise<string>((resolve) =>
        socket.on('close', (_code, reason) => resolve(reason.toString())),
      );
      await new Promise((resolve, reject) => socket.once('message', resolve).once('error', reject));
      return { socket, closed };
    };
    const first = await open();
    await suspend();
    expect(await first.closed).toBe('the session was suspended');
    expect(house.wheelhouse.hubs.get(sessionId)).toBeUndefined();
    await expect(house.wheelhouse.hubFor(sessionId)).rejects.toMatchObject({ code: 'not_ready' });
    await sleep(50);
    expect(view().status).toBe('idle');
    const second = await open();
    expect(view().status).toBe('active');
    second.socket.close();
    await second.closed;
  });
});

it('control and what was told outlive a restart', async () => {
  const { suspend, control, sessionId, secret } = await begin();
  await suspend();
  await control({ action: 'pause' });
  await house.wheelhouse.stop();
  const next = await house.again();
  try {
    expect(next.broker.sessions.get(sessionId)).toMatchObject({ status: 'idle', control: { kind: 'paused' } });
    const url = new URL('/mcp', next.url).href;
    expect((await callTool(url, secret, 1, 'take_screenshot')).result.structuredContent).toMatchObject({
      code: 'control_paused',
    });
    await next.control.act(sessionId, { name: 'ann', admin: true }, { action: 'resume' });
    const answer = (await callTool(url, secret, 2, 'take_screenshot')).result;
    expect(textIn(answer)).toMatch(/new desktop/);
    expect(next.usage.report({ by: 'session' }).rows).toHaveLength(1);
    const all = next.timeline.list(sessionId, { limit: 100, order: 'asc' }).data.map((action) => action.tool);
    expect(all.filter((tool) => tool === 'session.suspended')).toHaveLength(1);
  } finally {
    await next.stop();
  }
});
