import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';

let bench: Bench;
let address: string;

beforeAll(async () => {
  bench = await startBench();
  address = bench.session('session-one', 'anna').address;
});
afterAll(() => bench.stop());

const both = 'application/json, text/event-stream';
const post = (body: unknown, headers: Record<string, string> = {}, to = address) =>
  fetch(to, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: both, authorization: 'Bearer anna', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const call = (name: string, args: object = {}, id: number | string = 1, meta?: object) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, ...(meta && { _meta: meta }) },
});
const envelope = (version = '2026-07-28') => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': {},
});
const modernHeaders = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name && { 'mcp-name': name }),
});

describe('2025-11-25 and earlier', () => {
  it('answers one POST a message without initialize, as Windows 365’s channel does', async () => {
    for (const accept of ['application/json', '*/*', both, 'application/*;q=0.9']) {
      const response = await post(call('get_screen_size'), { accept });
      expect(response.status, accept).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(await response.json()).toMatchObject({
        jsonrpc: '2.0',
        id: 1,
        result: { structuredContent: { width: 1280, height: 800 } },
      });
    }
  });

  it('answers by a stream a client that reads nothing else', async () => {
    const response = await post(call('get_screen_size'), { accept: 'text/event-stream' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toMatch(/^event: message\ndata: \{.*"width":1280/);
  });

  it('refuses an answer that the client can not read', async () => {
    expect((await post(call('get_screen_size'), { accept: 'text/html' })).status).toBe(406);
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('agrees to %s', async (protocolVersion) => {
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    const response = await post({ jsonrpc: '2.0', id: 7, method: 'initialize', params });
    expect(await response.json()).toMatchObject({
      id: 7,
      result: { protocolVersion, serverInfo: { name: 'wheelhouse' } },
    });
    const next = await post(call('get_screen_size'), { 'mcp-protocol-version': protocolVersion });
    expect(next.status).toBe(200);
  });

  it('offers its newest to a client that asks for an unknown one', async () => {
    const params = { protocolVersion: '1999-01-01', capabilities: {}, clientInfo: { name: 'raw', version: '1' } };
    const response = await post({ jsonrpc: '2.0', id: 7, method: 'initialize', params });
    expect(await response.json()).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  });

  it('refuses a header that names an unknown version', async () => {
    expect((await post(call('get_screen_size'), { 'mcp-protocol-version': '1999-01-01' })).status).toBe(400);
  });

  it('takes notifications with 202 and pings with an empty result', async () => {
    const notification = await post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect([notification.status, await notification.text()]).toEqual([202, '']);
    expect(await (await post({ jsonrpc: '2.0', id: 3, method: 'ping' })).json()).toMatchObject({ id: 3, result: {} });
  });

  it('answers a batch together, and refuses one that repeats an id', async () => {
    const response = await post([call('get_screen_size', {}, 1), call('get_cursor_position', {}, 2)]);
    expect(await response.json()).toMatchObject([{ id: 1 }, { id: 2 }]);
    expect((await post([call('get_screen_size', {}, 1), call('get_cursor_position', {}, 1)])).status).toBe(400);
    expect((await post([])).status).toBe(400);
  });

  it('names its errors', async () => {
    const answer = async (body: unknown) => {
      const response = await post(body);
      return [response.status, ((await response.json()) as { error: { code: number } }).error.code];
    };
    expect(await answer('{"jsonrpc": "2.0", ')).toEqual([400, -32700]);
    expect(await answer({ hello: 'there' })).toEqual([400, -32600]);
    expect(await answer({ jsonrpc: '2.0', id: 1, method: 'no/such' })).toEqual([200, -32601]);
    expect(await answer(call('no_such'))).toEqual([200, -32602]);
    expect(await answer({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} })).toEqual([200, -32602]);
    expect(await answer({ jsonrpc: '2.0', id: 1, method: 'server/discover' })).toEqual([200, -32601]);
  });

  it('opens a stream for progress only to one who reads it', async () => {
    const request = call('execute_shell_command', { command: 'true' }, 1, { progressToken: 'p' });
    expect((await post(request)).headers.get('content-type')).toBe('text/event-stream');
    expect((await post(request, { accept: 'application/json' })).headers.get('content-type')).toBe('application/json');
  });
});

describe('2026-07-28', () => {
  it('serves a call without a handshake', async () => {
    const response = await post(
      call('get_screen_size', {}, 'a', envelope()),
      modernHeaders('tools/call', 'get_screen_size'),
    );
    expect(await response.json()).toMatchObject({
      id: 'a',
      result: { resultType: 'complete', structuredContent: { width: 1280 } },
    });
  });

  it('says what it serves', async () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'server/discover', params: { _meta: envelope() } };
    const response = await post(request, modernHeaders('server/discover'));
    expect(await response.json()).toMatchObject({
      result: { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
    });
  });

  it('refuses mismatched headers, unknown versions and unknown methods as the revision says', async () => {
    const answer = async (body: unknown, headers: Record<string, string>) => {
      const response = await post(body, headers);
      return [response.status, ((await response.json()) as { error: { code: number } }).error.code];
    };
    const good = call('get_screen_size', {}, 1, envelope());
    expect(await answer(good, modernHeaders('tools/call', 'click'))).toEqual([400, -32020]);
    const future = call('get_screen_size', {}, 1, envelope('2099-01-01'));
    expect(
      await answer(future, { ...modernHeaders('tools/call', 'get_screen_size'), 'mcp-protocol-version': '2099-01-01' }),
    ).toEqual([400, -32022]);
    const unknown = { jsonrpc: '2.0', id: 1, method: 'no/such', params: { _meta: envelope() } };
    expect(await answer(unknown, modernHeaders('no/such'))).toEqual([404, -32601]);
  });
});

describe('the address', () => {
  it('takes POST only', async () => {
    for (const method of ['GET', 'DELETE']) {
      const response = await fetch(address, {
        method,
        headers: { authorization: 'Bearer anna', accept: 'text/event-stream' },
      });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it('takes JSON only, and at most 4 MiB of it', async () => {
    expect((await post('x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(call('type_text', { text: 'x'.repeat(5 << 20) }))).status).toBe(413);
  });

  it('is not another token’s, and says which computer it is', async () => {
    const theirs = await post(call('get_screen_size'), { authorization: 'Bearer boris' });
    expect(theirs.status).toBe(403);
    expect(await theirs.json()).toMatchObject({ error: { code: 'forbidden' } });
    expect((await post(call('get_screen_size'), { 'x-ms-computerid': 'other' })).status).toBe(400);
  });

  it('answers 503 with Retry-After while its machine is looked for, and lists tools meanwhile', async () => {
    bench.broker.notReady.add('session-one');
    const response = await post(call('click', { x: 1, y: 1 }));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status).toBe(200);
    bench.broker.notReady.clear();
  });

  it('answers 404 once the session has ended', async () => {
    const { address: brief } = bench.session('session-brief', 'anna');
    expect((await post(call('get_screen_size'), {}, brief)).status).toBe(200);
    bench.broker.end('session-brief');
    const response = await post(call('get_screen_size'), {}, brief);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'session_gone' } });
    expect((await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' }, {}, brief)).status).toBe(404);
  });
});
