import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';
import { stockClients, textOf, type StockClient } from './testing/clients';

const names = [
  'take_screenshot',
  'zoom_region',
  'get_screen_size',
  'click',
  'move_mouse',
  'drag_mouse',
  'scroll',
  'type_text',
  'press_keys',
  'get_cursor_position',
  'wait_milliseconds',
  'list_windows',
  'activate_window',
  'launch_application',
  'execute_shell_command',
  'clipboard_read',
  'clipboard_write',
  'checkpoint_create',
  'checkpoint_list',
  'checkpoint_restore',
  'get_control',
  'await_control',
  'request_human',
];

describe.each(stockClients)('%s', (_name, connect, version) => {
  let bench: Bench;
  let client: StockClient;
  const sessionId = 'session-one';

  beforeAll(async () => {
    bench = await startBench();
    client = await connect(bench.session(sessionId, 'anna').address, 'anna', 'Order clerk\u202e**');
  });
  afterAll(async () => {
    await client.close();
    await bench.stop();
  });

  it('speaks its own revision and is told how to work', () => {
    expect(client.version()).toBe(version);
    expect(client.instructions()).toContain('await_control');
  });

  it('lists every tool with a closed schema and honest hints', async () => {
    const tools = await client.tools();
    expect(tools.map((tool) => tool.name)).toEqual(names);
    for (const tool of tools) {
      expect(tool.inputSchema['type']).toBe('object');
      expect(tool.inputSchema['additionalProperties']).toBe(false);
      expect(tool.description).toBeTruthy();
    }
    const hint = (name: string) => tools.find((tool) => tool.name === name)?.annotations?.['readOnlyHint'];
    expect([hint('take_screenshot'), hint('click')]).toEqual([true, false]);
  });

  it('gives the session its name, made harmless', async () => {
    await client.call('get_screen_size');
    expect(bench.broker.agents.get(sessionId)).toBe('Order clerk ·');
    expect(bench.toolCalls.at(-1)).toEqual({ tokenId: 't_anna', tool: 'get_screen_size', client: 'Order clerk ·' });
  });

  it('sees the screen as a PNG', async () => {
    const whole = await client.call('take_screenshot');
    expect(whole.content[0]).toMatchObject({ type: 'image', mimeType: 'image/png' });
    expect(Buffer.from(whole.content[0]!.data!, 'base64').subarray(1, 4).toString()).toBe('PNG');
    expect(whole.structuredContent).toEqual({ x: 0, y: 0, width: 1280, height: 800 });
    const part = await client.call('zoom_region', { x: 10, y: 20, width: 30, height: 40 });
    expect(Buffer.from(part.content[0]!.data!, 'base64').readUInt32BE(16)).toBe(30);
    expect(bench.timeline.rows.slice(-2).map((row) => [row.words, row.frames])).toEqual([
      ['Looked at the screen', ['after']],
      ['Looked closely at a part of the screen', []],
    ]);
  });

  it('moves, clicks, drags, scrolls, types and presses, each under the epoch it was admitted with', async () => {
    const hub = bench.hubs.of(sessionId);
    hub.log.length = 0;
    await client.call('move_mouse', { x: 5, y: 6, settle: false });
    await client.call('click', { x: 7, y: 8, settle: false });
    await client.call('click', { button: 'Right', clickCount: 2, settle: false });
    await client.call('drag_mouse', { startX: 1, startY: 2, endX: 3, endY: 4, settle: false });
    await client.call('scroll', { x: 1, y: 1, deltaY: 3, settle: false });
    await client.call('type_text', { text: 'héllo 漢字 😀', settle: false });
    await client.call('press_keys', { keys: ['ctrl', 's'], settle: false });
    expect(hub.log.filter((line) => line !== 'frame')).toEqual([
      'move 5,6 @1',
      'click 7,8 Left 1 @1',
      'click here Right 2 @1',
      'drag 1,2 3,4 Left @1',
      'scroll 1,1 0,3 @1',
      'type héllo 漢字 😀 @1',
      'keys ctrl+s @1',
    ]);
    expect(bench.timeline.rows.slice(-7).map((row) => row.words)).toEqual([
      'Moved the pointer to **5, 6**',
      'Clicked at **7, 8**',
      'Double-clicked where the pointer was with the right button',
      'Dragged from 1, 2 to **3, 4**',
      'Scrolled **3 down**',
      'Typed **10 characters**',
      'Pressed **Ctrl+S**',
    ]);
  });

  it('reaches windows, programs, the shell and the clipboard', async () => {
    expect((await client.call('list_windows')).structuredContent).toMatchObject({ windows: [{ title: 'Terminal' }] });
    expect((await client.call('activate_window', { title: 'Term' })).structuredContent).toMatchObject({
      handle: '0x1',
    });
    const started = await client.call('launch_application', { path: 'mousepad', args: `--new "a b"` });
    expect(started.structuredContent).toEqual({ path: '/usr/bin/mousepad', pid: 42 });
    const ran = await client.call('execute_shell_command', { command: 'ls --token=abcdef' });
    expect(ran.structuredContent).toEqual({ stdout: 'out', stderr: '', exitCode: 0, success: true, timedOut: false });
    expect(bench.timeline.rows.at(-1)).toMatchObject({ words: 'Ran **ls --token=•••**', outcome: { code: 'exit 0' } });
    await client.call('clipboard_write', { text: 'αβγ' });
    expect((await client.call('clipboard_read')).structuredContent).toEqual({ text: 'αβγ' });
    expect(bench.guestOf(sessionId).log).toEqual([
      'activate Term @1',
      'launch mousepad|--new|a b @1',
      'exec ls --token=abcdef @1',
    ]);
  });

  it('answers the small questions', async () => {
    expect((await client.call('get_screen_size')).structuredContent).toEqual({ width: 1280, height: 800 });
    expect((await client.call('get_cursor_position')).structuredContent).toEqual({ cursorX: 640, cursorY: 400 });
    expect((await client.call('wait_milliseconds', { ms: -5 })).structuredContent).toEqual({ waitedMs: 0 });
    expect((await client.call('get_control')).structuredContent).toMatchObject({ control: 'agent', holder: null });
    expect((await client.call('await_control')).structuredContent).toMatchObject({ control: 'agent' });
  });

  it('is told what is wrong with parameters, and nothing runs', async () => {
    const rows = bench.timeline.rows.length;
    const wrong: [string, Record<string, unknown>, string][] = [
      ['click', { x: 1, y: 2, speed: 3 }, 'unknown parameter "speed"; it takes x, y, button, clickCount, settle'],
      ['click', { x: 1 }, 'Give both x and y'],
      ['click', { x: 1280, y: 0 }, '1280, 0 is outside the screen, which is 1280 wide and 800 high'],
      ['take_screenshot', { x: 1, y: 1 }, 'Give all of x, y, width and height'],
      ['zoom_region', { x: 1000, y: 0, width: 300, height: 10 }, 'outside the screen'],
      ['scroll', { x: 1, y: 1, deltaY: 21 }, 'deltaY'],
      ['scroll', { x: 1, y: 1 }, 'both are 0'],
      ['type_text', { text: 7 }, 'text: '],
      ['press_keys', { keys: [] }, 'keys: '],
      ['execute_shell_command', { command: 'x', timeoutMs: 120_001 }, 'timeoutMs: '],
      ['await_control', { timeoutMs: 25_001 }, 'timeoutMs: '],
    ];
    for (const [tool, args, says] of wrong) {
      const result = await client.call(tool, args);
      expect(result.isError, tool).toBe(true);
      expect(result.structuredContent).toMatchObject({ code: 'bad_request' });
      expect(textOf(result)).toContain(says);
    }
    expect(bench.timeline.rows.length).toBe(rows);
  });

  it('is refused an unknown tool as a protocol error', async () => {
    await expect(client.call('computer_action', {})).rejects.toThrow(/Unknown tool: computer_action/);
  });

  it('hears progress of a long command', async () => {
    const heard: unknown[] = [];
    // It runs for as long as nothing was heard.
    bench.guestOf(sessionId).exec = async () => {
      await expect.poll(() => heard.length).toBeGreaterThan(0);
      return bench.guestOf(sessionId).result;
    };
    const result = await client.call('execute_shell_command', { command: 'sleep 1' }, (progress) =>
      heard.push(progress),
    );
    expect(result.structuredContent).toMatchObject({ exitCode: 0 });
    expect(heard[0]).toMatchObject({ total: 30_000, message: expect.stringMatching(/^Running for \d+ s$/) });
  });
});
