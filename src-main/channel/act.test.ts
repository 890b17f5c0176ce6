import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WheelhouseError } from '../base/errors';
import { startBench, type Bench } from './testing/bench';
import { connectOld, textOf, type StockClient } from './testing/clients';

const sessionId = 'session-one';
let bench: Bench;
let client: StockClient;

beforeEach(async () => {
  bench = await startBench();
  client = await connectOld(bench.session(sessionId, 'anna').address, 'anna');
});
afterEach(async () => {
  await client.close();
  await bench.stop();
});

const rows = () => bench.timeline.rows;
const last = () => rows().at(-1)!;

describe('the way of one act', () => {
  it('records before it acts, with a picture asked for before the input, settles, and takes one after', async () => {
    const hub = bench.hubs.of(sessionId);
    let recordedFirst = false;
    hub.gate = async () => {
      recordedFirst = last().tool === 'click' && last().outcome === null;
    };
    await client.call('click', { x: 10, y: 20 });
    expect(recordedFirst).toBe(true);
    expect(hub.log).toEqual(['frame', 'click 10,20 Left 1 @1', 'settle 40 400', 'frame']);
    expect(last()).toMatchObject({
      words: 'Clicked at **10, 20**',
      point: { x: 10, y: 20 },
      epoch: 1,
      actor: { kind: 'agent' },
      outcome: { outcome: 'done' },
      frames: ['before', 'after'],
    });
    expect(bench.control.admitted).toBe(0);
    expect(bench.broker.touched).toContain(sessionId);
  });

  it('follows the settings of the day, and does not wait when told not to', async () => {
    await bench.stop();
    bench = await startBench({ settings: () => ({ settleMaxMs: 90 }) });
    client = await connectOld(bench.session(sessionId, 'anna').address, 'anna');
    await client.call('move_mouse', { x: 1, y: 1 });
    await client.call('move_mouse', { x: 2, y: 2, settle: false });
    expect(bench.hubs.of(sessionId).log.filter((line) => line.startsWith('settle'))).toEqual(['settle 40 90']);
  });

  it('runs nothing that it can not record', async () => {
    bench.timeline.full = true;
    const result = await client.call('type_text', { text: 'rm -rf' });
    expect(result.structuredContent).toMatchObject({ code: 'not_recorded' });
    expect(textOf(result)).toContain('Nothing was done');
    expect(bench.hubs.of(sessionId).log).toEqual([]);
    expect(bench.control.admitted).toBe(0);
  });

  it('refuses while a person holds control, says who, since when and what to do, and records it', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.', since: '2026-01-01T10:00:00.000Z' });
    const result = await client.call('click', { x: 1, y: 1 });
    expect(result.isError).toBe(true);
    expect(result.structuredContent).toMatchObject({
      code: 'control_held',
      holder: 'Mara K.',
      since: '2026-01-01T10:00:00.000Z',
      tool: 'await_control',
    });
    expect(textOf(result)).toMatch(/nothing was done: Mara K\. has held control since .* Call await_control/);
    expect(bench.hubs.of(sessionId).log).toEqual([]);
    expect(last()).toMatchObject({ tool: 'click', epoch: 2, outcome: { outcome: 'refused', code: 'control_held' } });
    expect((await client.call('take_screenshot')).isError).toBeUndefined();
  });

  it('shows nothing during a private hold', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.', private: true });
    for (const tool of ['take_screenshot', 'list_windows', 'clipboard_read', 'get_cursor_position']) {
      const result = await client.call(tool);
      expect(result.structuredContent, tool).toMatchObject({ code: 'control_held', private: true });
      expect(result.content.every((block) => block.type === 'text')).toBe(true);
    }
    expect((await client.call('get_control')).structuredContent).toMatchObject({ control: 'human', private: true });
  });

  it('is refused when paused', async () => {
    bench.control.set(sessionId, { kind: 'paused' });
    const result = await client.call('press_keys', { keys: ['enter'] });
    expect(result.structuredContent).toMatchObject({ code: 'control_paused' });
    expect(textOf(result)).toContain('paused');
  });

  it('is cut off by the drain, and says that it may be half done', async () => {
    const hub = bench.hubs.of(sessionId);
    hub.gate = () => new Promise(() => {});
    const typing = client.call('type_text', { text: 'long' });
    await expect.poll(() => bench.control.admitted).toBe(1);
    bench.control.set(sessionId, { kind: 'draining', holder: 'Mara K.' });
    bench.control.cutOff(sessionId);
    const result = await typing;
    expect(textOf(result)).toMatch(/Cut off: Mara K\. took control .* half done/);
    expect(last()).toMatchObject({ outcome: { outcome: 'failed', code: 'control_held' } });
    expect(bench.control.admitted).toBe(0);
  });

  it('that ends with its session hears so and why, not that a person took control', async () => {
    bench.hubs.of(sessionId).gate = () => new Promise(() => {});
    const typing = client.call('type_text', { text: 'long' });
    await expect.poll(() => bench.control.admitted).toBe(1);
    bench.broker.end(sessionId, 'The machine ended: exited with code 137');
    bench.control.cutOff(sessionId, new WheelhouseError('session_gone', 'This session has ended.'));
    const result = await typing;
    expect(result.structuredContent).toMatchObject({ code: 'session_gone' });
    expect(textOf(result)).toContain('exited with code 137');
    expect(last()).toMatchObject({ outcome: { outcome: 'failed', code: 'session_gone' } });
  });

  it('counts what the fence dropped as refused', async () => {
    bench.hubs.of(sessionId).gate = async () => {
      throw new WheelhouseError('stale_epoch', 'Older than the fence.');
    };
    const result = await client.call('click', { x: 1, y: 1 });
    expect(result.structuredContent).toMatchObject({ code: 'stale_epoch' });
    expect(last()).toMatchObject({ outcome: { outcome: 'refused', code: 'stale_epoch' }, frames: ['before', 'after'] });
  });

  it('tells nothing of what broke inside, and goes on with the next act', async () => {
    const hub = bench.hubs.of(sessionId);
    hub.gate = async () => {
      throw new Error('secret path /var/lib');
    };
    const result = await client.call('click', { x: 1, y: 1 });
    expect(JSON.stringify(result)).not.toContain('/var/lib');
    expect(result.structuredContent).toMatchObject({ code: 'internal' });
    hub.gate = async () => {};
    expect((await client.call('click', { x: 1, y: 1 })).isError).toBeUndefined();
  });

  it('runs acts of one session in order and reads beside them', async () => {
    const hub = bench.hubs.of(sessionId);
    let open = () => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    hub.gate = () => gate;
    const first = client.call('type_text', { text: 'one', settle: false });
    await expect.poll(() => bench.control.admitted).toBe(1);
    const second = client.call('type_text', { text: 'two', settle: false });
    await client.call('take_screenshot');
    expect(hub.log.filter((line) => line.startsWith('type'))).toEqual(['type one @1']);
    open();
    await Promise.all([first, second]);
    expect(hub.log.filter((line) => line.startsWith('type'))).toEqual(['type one @1', 'type two @1']);
  });

  it('lets tools of the guest work when the screen does not', async () => {
    await bench.stop();
    const hubs = {
      ...bench.hubs,
      get: () => undefined,
      open: async () => Promise.reject(new WheelhouseError('guest_failed', 'The screen does not answer.')),
    };
    bench = await startBench({ hubs });
    client = await connectOld(bench.session(sessionId, 'anna').address, 'anna');
    expect((await client.call('execute_shell_command', { command: 'true' })).structuredContent).toMatchObject({
      exitCode: 0,
    });
    const result = await client.call('click', { x: 1, y: 1 });
    expect(result.structuredContent).toMatchObject({ code: 'guest_failed' });
  });

  it('cuts the guest’s output at 32 KiB, between characters', async () => {
    bench.guestOf(sessionId).result = { ...bench.guestOf(sessionId).result, stdout: '漢'.repeat(20_000), stderr: 'e' };
    const { structuredContent } = await client.call('execute_shell_command', { command: 'cat' });
    expect(structuredContent).toMatchObject({
      truncated: true,
      stderr: 'e',
      stdout: '漢'.repeat(Math.floor((32 * 1024) / 3)),
    });
  });

  it('lets the screen sleep again some time after the last call', async () => {
    await client.call('take_screenshot');
    expect(bench.hubs.of(sessionId).demands).toBe(1);
    await expect.poll(() => bench.hubs.of(sessionId).demands, { timeout: 5000 }).toBe(0);
  });
});
