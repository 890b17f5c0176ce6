import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../base/logger';
import { startWheelhouse, type Wheelhouse } from '../wheelhouse';
import { stockClients, textOf, type StockClient } from './testing/clients';

/** Distinct colours in a true-colour or palette PNG without interlace, counted on raw rows: enough to tell a desktop from a blank. */
function distinctBytes(png: Buffer): number {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return new Set(inflateSync(Buffer.concat(parts))).size;
}

let wheelhouse: Wheelhouse;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-channel-'));
  wheelhouse = await startWheelhouse({ dataDir, port: 0, logger: silentLogger });
});
afterAll(async () => {
  await wheelhouse?.stop({ destroy: true });
  await rm(dataDir, { recursive: true, force: true });
});

describe.each(stockClients)('a real desktop through %s', (name, connect) => {
  let client: StockClient;
  let token: string;

  beforeAll(async () => {
    token = wheelhouse.identity.createEphemeral(`agent ${name}`, 'agent').secret;
    client = await connect(`${wheelhouse.url}/mcp`, token, name);
  });
  afterAll(() => client?.close());

  const own = async () => {
    const { structuredContent } = await client.call('get_session');
    const [session] = (structuredContent?.['sessions'] ?? []) as { sessionId: string; computerId: string }[];
    expect(session).toBeDefined();
    return session ?? { sessionId: '', computerId: '' };
  };

  const shell = async (command: string) => {
    const result = await client.call('execute_shell_command', { command });
    expect(result.isError, textOf(result)).toBeUndefined();
    return result.structuredContent as { stdout: string; stderr: string; exitCode: number };
  };
  const windowOf = async (processName: string) => {
    const { structuredContent } = await client.call('list_windows');
    const windows = structuredContent?.['windows'] as {
      processName: string;
      title: string;
      x: number;
      y: number;
      width: number;
      height: number;
    }[];
    return windows.find((window) => window.processName.includes(processName));
  };

  it('starts one for the first call, and sees it', async () => {
    const result = await client.call('take_screenshot');
    expect(textOf(result)).toContain('a desktop was started for you');
    const png = Buffer.from(result.content[0]?.data ?? '', 'base64');
    const { width, height } = result.structuredContent as { width: number; height: number };
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([width, height]);
    expect(distinctBytes(png)).toBeGreaterThan(16);
    expect((await client.call('get_screen_size')).structuredContent).toEqual({ width, height });
    const part = await client.call('zoom_region', { x: 0, y: 0, width: 200, height: 100 });
    expect(Buffer.from(part.content[0]?.data ?? '', 'base64').readUInt32BE(16)).toBe(200);
  });

  it('moves the pointer where it says', async () => {
    await client.call('move_mouse', { x: 321, y: 123 });
    expect((await client.call('get_cursor_position')).structuredContent).toEqual({ cursorX: 321, cursorY: 123 });
  });

  it('runs commands, with their exit code and bounds', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toMatchObject({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
    });
    const late = await client.call('execute_shell_command', { command: 'sleep 30', timeoutMs: 300 });
    expect(late.structuredContent).toMatchObject({ timedOut: true, success: false });
    const long = await client.call('execute_shell_command', { command: 'head -c 100000 /dev/zero | tr "\\0" x' });
    expect(long.structuredContent?.['stdout']).toBe('x'.repeat(32 * 1024));
    expect(long.structuredContent).toMatchObject({ truncated: true });
  });

  it('types several scripts into a terminal, and a file proves every character', async () => {
    const text = 'héllo ñ Привет Ωμέγα 漢字 かな 😀 "q" $x \\ ~';
    await client.call('launch_application', { path: 'xterm', args: ['-e', 'sh', '-c', 'cat > /tmp/typed'] });
    await expect.poll(() => windowOf('xterm'), { timeout: 10_000 }).toBeTruthy();
    const window = (await windowOf('xterm'))!;
    await client.call('click', { x: window.x + 40, y: window.y + 40 });
    const typed = await client.call('type_text', { text: `${text}\n` });
    expect(typed.isError, textOf(typed)).toBeUndefined();
    await client.call('press_keys', { keys: ['ctrl', 'd'] });
    await expect.poll(async () => (await shell('cat /tmp/typed')).stdout).toBe(`${text}\n`);
  });

  it('types into the editor and saves by keys and clicks', async () => {
    await shell('rm -f /tmp/note.txt; touch /tmp/note.txt');
    await client.call('launch_application', { path: 'mousepad', args: '/tmp/note.txt' });
    await expect.poll(() => windowOf('mousepad'), { timeout: 15_000 }).toBeTruthy();
    expect((await client.call('activate_window', { title: 'note.txt' })).isError).toBeUndefined();
    const window = (await windowOf('mousepad'))!;
    await client.call('click', {
      x: window.x + Math.round(window.width / 2),
      y: window.y + Math.round(window.height / 2),
    });
    await client.call('type_text', { text: 'Größe, 数量, цена' });
    await client.call('press_keys', { keys: ['ctrl', 's'] });
    await expect.poll(async () => (await shell('cat /tmp/note.txt')).stdout).toMatch(/^Größe, 数量, цена\n?$/);
    await client.call('drag_mouse', {
      startX: window.x + 60,
      startY: window.y + 80,
      endX: window.x + 160,
      endY: window.y + 80,
    });
    await client.call('scroll', { x: window.x + 60, y: window.y + 80, deltaY: 2 });
  });

  it('shares the clipboard both ways', async () => {
    const text = `clip ${name} – ñ 漢 😀`;
    await client.call('clipboard_write', { text });
    expect((await client.call('clipboard_read')).structuredContent).toEqual({ text });
  });

  it('loses control to a person and gets it back with the note', async () => {
    const operator = { name: 'Mara K.', admin: false };
    const { sessionId } = await own();
    await wheelhouse.control.act(sessionId, operator, { action: 'take' });
    const refused = await client.call('click', { x: 5, y: 5 });
    expect(refused.structuredContent).toMatchObject({ code: 'control_held', holder: 'Mara K.' });
    expect((await client.call('take_screenshot')).isError).toBeUndefined();
    expect((await client.call('get_control')).structuredContent).toMatchObject({ control: 'human', holder: 'Mara K.' });
    const waiting = client.call('await_control');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await wheelhouse.control.act(sessionId, operator, { action: 'release', note: 'Signed in.' });
    expect((await waiting).structuredContent).toMatchObject({
      control: 'agent',
      handback: { by: 'Mara K.', note: 'Signed in.' },
    });
    expect((await client.call('click', { x: 5, y: 5 })).isError).toBeUndefined();
  });

  it('asks for a person and hears the answer', async () => {
    const asking = client.call('request_human', { why: `A code for ${name}`, urgency: 'now' });
    const item = await expect
      .poll(() =>
        wheelhouse.attention.list().find((one) => one.why === `A code for ${name}` && one.state === 'waiting'),
      )
      .toBeTruthy()
      .then(() => wheelhouse.attention.list().find((one) => one.why === `A code for ${name}`));
    wheelhouse.attention.answer(item?.id ?? '', 'Mara K.', 'It is on the desk.');
    expect((await asking).structuredContent).toMatchObject({ state: 'answered', answer: 'It is on the desk.' });
  });

  it('leaves a record that holds together, with pictures', async () => {
    const { sessionId } = await own();
    expect(wheelhouse.timeline.verify(sessionId)).toBeNull();
    const rows = wheelhouse.timeline.list(sessionId, { limit: 100, order: 'asc' }).data;
    const clicked = rows.find((row) => row.tool === 'click' && row.outcome === 'done');
    await expect.poll(() => clicked && wheelhouse.timeline.get(clicked.id).frameAfter).toMatch(/^[0-9a-f]{64}$/);
    expect(rows.some((row) => row.tool === 'click' && row.outcome === 'refused')).toBe(true);
  });

  it('is reached at its own address by the same kind of client and by bare posts, until it ends', async () => {
    const { sessionId, computerId } = await own();
    const address = `${wheelhouse.url}/computers/${computerId}/mcp`;
    const bound = await connect(address, token, name);
    const click = await bound.call('click', { x: 9, y: 9, settle: false });
    expect(click.structuredContent).toMatchObject({ x: 9, y: 9 });
    await bound.close();

    const post = (secret: string) =>
      fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'get_screen_size', arguments: {} },
        }),
      });
    expect(await (await post(token)).json()).toMatchObject({ id: 1, result: { structuredContent: { width: 1280 } } });
    const stranger = wheelhouse.identity.createEphemeral('stranger', 'agent');
    expect((await post(stranger.secret)).status).toBe(404);

    await client.call('end_session', { sessionId });
    const gone = await post(token);
    expect([gone.status, await gone.json()]).toMatchObject([404, { error: { code: 'session_gone' } }]);
  });
});
