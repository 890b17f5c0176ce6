import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';
import { makePool } from './testing/broker';
import { connectOld, stockClients, textOf, type StockClient } from './testing/clients';

let bench: Bench;
const open: StockClient[] = [];

beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
  await bench.stop();
});

const connect = async (token: string, how = connectOld) => {
  const client = await how(`${bench.url}/mcp`, token, `agent of ${token}`);
  open.push(client);
  return client;
};

describe.each(stockClients)('one address for everything: %s', (_name, how) => {
  it('lists the tools about sessions, and every tool with an optional sessionId', async () => {
    const tools = await (await connect('anna', how)).tools();
    expect(tools.slice(0, 4).map((tool) => tool.name)).toEqual([
      'start_session',
      'end_session',
      'get_session',
      'list_pools',
    ]);
    expect(tools.length).toBe(27);
    const click = tools.find((tool) => tool.name === 'click')!;
    expect(Object.keys(click.inputSchema['properties'] as object)).toContain('sessionId');
    expect(click.inputSchema['required'] ?? []).not.toContain('sessionId');
  });

  it('starts a desktop for the first call that needs one, says so, and stays with it', async () => {
    const client = await connect('anna', how);
    const first = await client.call('take_screenshot');
    expect(first.content[0]?.type).toBe('image');
    expect(textOf(first)).toContain('a desktop was started for you: session made-session-1 in the pool “Desktop”');
    expect(first.structuredContent?.['session']).toMatchObject({ sessionId: 'made-session-1', started: true });
    const second = await client.call('click', { x: 1, y: 2, settle: false });
    expect(second.structuredContent?.['session']).toBeUndefined();
    expect(bench.broker.acquired.length).toBe(1);
    expect(bench.broker.agents.get('made-session-1')).toBe('agent of anna');
    await client.call('end_session');
    expect((await client.call('get_session')).structuredContent).toEqual({ sessions: [] });
  });
});

describe('sessions of /mcp', () => {
  it('starts one for first calls that come together', async () => {
    const client = await connect('anna');
    const results = await Promise.all(
      ['take_screenshot', 'list_windows', 'get_screen_size'].map((tool) => client.call(tool)),
    );
    expect(results.every((result) => !result.isError)).toBe(true);
    expect(bench.broker.acquired.length).toBe(1);
  });

  it('starts none for a wrong call, or to say who holds control', async () => {
    const client = await connect('anna');
    expect((await client.call('click', { x: -1, y: 0 })).structuredContent).toMatchObject({ code: 'bad_request' });
    expect((await client.call('click', { x: 1, y: 0, sessionId: 'no' })).structuredContent).toMatchObject({
      code: 'bad_request',
    });
    expect((await client.call('get_control')).structuredContent).toMatchObject({ code: 'session_gone' });
    expect((await client.call('end_session')).structuredContent).toMatchObject({ code: 'session_gone' });
    expect(bench.broker.acquired.length).toBe(0);
  });

  it('asks which one when there are several, and takes the named', async () => {
    const client = await connect('anna');
    await client.call('start_session', { sessionId: 'first-session', name: 'Refunds' });
    await client.call('start_session', { sessionId: 'second-session', name: 'Orders' });
    await client.call('start_session', { sessionId: 'second-session', name: 'Orders' });
    const unsure = await client.call('click', { x: 1, y: 1 });
    expect(textOf(unsure)).toContain(
      'You have 2 sessions: say which one by sessionId. They are first-session (Refunds), second-session (Orders)',
    );
    const sure = await client.call('click', { x: 1, y: 1, sessionId: 'second-session', settle: false });
    expect(sure.isError).toBeUndefined();
    expect(bench.hubs.of('second-session').log).toContain('click 1,1 Left 1 @1');
    expect(bench.hubs.of('first-session').log).toEqual([]);
    expect((await client.call('end_session', { sessionId: 'first-session' })).structuredContent).toMatchObject({
      ended: true,
    });
    expect((await client.call('click', { x: 1, y: 1, settle: false })).isError).toBeUndefined();
  });

  it('hands on what a pool lets a session choose, says its place while it waits, and where its home is', async () => {
    const client = await connect('anna');
    const acquire = bench.broker.acquire;
    bench.broker.acquire = async (request, signal) => {
      request.onPlace?.({ place: 2, waiting: 3 });
      const session = await acquire(request, signal);
      return bench.broker.add({ ...session, home: { homeId: 'work', keep: true } });
    };
    const seen: unknown[] = [];
    const options = { homeId: 'work', screen: { width: 1024, height: 768 }, idleSeconds: 60 };
    const started = await client.call('start_session', { ...options, sessionId: 'first-session' }, (one) =>
      seen.push(one),
    );
    expect(bench.broker.acquired[0]).toMatchObject(options);
    expect(started.structuredContent).toMatchObject({ homeId: 'work', homeIsKept: true });
    expect(textOf(started)).toContain('start a session with homeId work');
    // An agent that meant to go on with one that expired is told.
    expect(textOf(started)).toContain('new and empty');
    expect(seen).toEqual([{ progress: 1, message: 'Waiting for a desktop: place 2 of 3.' }]);
    const wrong = await client.call('start_session', { screen: { width: 10, height: 10 } });
    expect(wrong.structuredContent).toMatchObject({ code: 'bad_request' });
  });

  it('reaches its own sessions only', async () => {
    bench.session('annas-session', 'anna');
    const client = await connect('boris');
    for (const tool of ['take_screenshot', 'get_session', 'end_session']) {
      const result = await client.call(tool, { sessionId: 'annas-session' });
      expect(result.structuredContent, tool).toMatchObject({ code: 'session_gone' });
    }
    expect((await client.call('get_session')).structuredContent).toEqual({ sessions: [] });
    expect(bench.broker.sessions.get('annas-session').status).toBe('active');
  });

  it('tells an agent whose session ended to start another', async () => {
    const client = await connect('anna');
    await client.call('start_session', { sessionId: 'first-session' });
    bench.broker.end('first-session', 'its machine was lost', 'failed');
    const result = await client.call('take_screenshot', { sessionId: 'first-session' });
    expect(textOf(result)).toContain('its machine was lost');
    expect(textOf(result)).toContain('Start a new session');
  });

  it('starts no other desktop unasked when a person stopped the first, until asked or some time has passed', async () => {
    const client = await connect('anna');
    await client.call('take_screenshot');
    bench.broker.end('made-session-1', 'Stopped by Mara');
    const calls = await Promise.all([
      client.call('click', { x: 1, y: 1 }),
      client.call('take_screenshot'),
      client.call('get_control'),
    ]);
    for (const result of calls) {
      expect(result.structuredContent).toMatchObject({ code: 'session_gone', stopped: true });
      expect(textOf(result)).toContain('Nothing was done. Your session made-session-1 has ended (Stopped by Mara).');
    }
    expect(bench.broker.acquired.length).toBe(1);
    await client.call('start_session');
    expect((await client.call('click', { x: 1, y: 1, settle: false })).isError).toBeUndefined();
  });

  it('starts another at once after the agent ended its own, or was away until it ended', async () => {
    const client = await connect('anna');
    await client.call('take_screenshot');
    await client.call('end_session');
    expect(textOf(await client.call('take_screenshot'))).toContain('a desktop was started for you');
    bench.broker.end('made-session-2', 'Nothing happened for 30 min.');
    expect(textOf(await client.call('take_screenshot'))).toContain('a desktop was started for you');
  });

  it('offers the pools a token may use, in its order, and no others', async () => {
    bench.broker.poolList = [
      makePool('small', 'Small', { paused: true }),
      makePool('theirs', 'Theirs', { assignments: ['boris'] }),
      makePool('large', 'Large'),
    ];
    const client = await connect('anna');
    const pools = (await client.call('list_pools')).structuredContent?.['pools'] as { displayName: string }[];
    expect(pools.map((pool) => pool.displayName)).toEqual(['Small', 'Large']);
    expect((await client.call('start_session', { pool: 'Theirs' })).structuredContent).toMatchObject({
      code: 'not_found',
    });
    expect((await client.call('start_session', { pool: 'large' })).structuredContent).toMatchObject({
      poolId: 'large',
      pool: 'Large',
    });
    const boris = await connect('boris');
    await boris.call('take_screenshot');
    expect(bench.broker.acquired.at(-1)?.poolId).toBe('theirs');
  });
});
