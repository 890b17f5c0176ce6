import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBench, type Bench } from './testing/bench';
import { connectOld, textOf, type StockClient } from './testing/clients';

const sessionId = 'session-one';
let bench: Bench;
let client: StockClient;

beforeEach(async () => {
  bench = await startBench();
  client = await connectOld(bench.session(sessionId, 'anna').address, 'anna', 'Order clerk');
});
afterEach(async () => {
  await client.close();
  await bench.stop();
});

/** Runs `change` once the call has begun to wait: it arrived, and what it asks for is in the queue. */
const during = async <T>(call: Promise<T>, change: () => void): Promise<T> => {
  await expect.poll(() => bench.control.watchers > 0).toBe(true);
  change();
  return call;
};

describe('after a hand-back', () => {
  it('refuses one act that was planned on what the agent saw before, with the note, and runs the next', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    bench.control.handBack(sessionId, 'Mara K.', 'Signed in. The list is open.');
    const result = await client.call('click', { x: 1, y: 1, settle: false });
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'stale_epoch' } });
    expect(textOf(result)).toContain('nothing was done');
    expect(textOf(result)).toContain('Mara K. held control for 1 min 48 s');
    expect(textOf(result)).toContain('“Signed in. The list is open.”');
    expect(textOf(result)).toContain('["Orders"]');
    expect(textOf(result)).toContain('take a fresh screenshot');
    expect(result.structuredContent?.['handback']).toEqual({
      by: 'Mara K.',
      note: 'Signed in. The list is open.',
      heldMs: 108_000,
      at: '2026-01-01T00:00:00.000Z',
      windowsOpened: ['Orders'],
      windowsClosed: [],
    });
    expect((await client.call('take_screenshot')).structuredContent?.['handback']).toBeUndefined();
    expect((await client.call('click', { x: 1, y: 1, settle: false })).isError).toBeUndefined();
  });

  it('lets an agent act at once that was told by a look', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    bench.control.handBack(sessionId, 'Mara K.', 'Signed in.');
    expect(textOf(await client.call('take_screenshot'))).toContain('“Signed in.”');
    expect((await client.call('click', { x: 1, y: 1, settle: false })).isError).toBeUndefined();
  });

  it('is not lost to a client that went away meanwhile', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    const session = bench.broker.sessions.get(sessionId);
    const gone = new AbortController();
    const modern = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: {
        name: 'await_control',
        arguments: { timeoutMs: 5000 },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    });
    const waiting = fetch(`${bench.url}/computers/${session.computerId}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: 'Bearer anna',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 'await_control',
      },
      body: JSON.stringify(modern(1)),
      signal: gone.signal,
    }).catch(() => null);
    await during(waiting, () => gone.abort());
    await expect.poll(() => bench.control.watchers).toBe(0);
    bench.control.handBack(sessionId, 'Mara K.', 'note');
    const result = await client.call('await_control');
    expect(result.structuredContent).toMatchObject({ control: 'agent', handback: { note: 'note' } });
  });
});

describe('await_control', () => {
  it('answers when the person hands back, with the note', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    const result = await during(client.call('await_control'), () =>
      bench.control.handBack(sessionId, 'Mara K.', 'Done.'),
    );
    expect(result.structuredContent).toMatchObject({
      control: 'agent',
      holder: null,
      handback: { by: 'Mara K.', note: 'Done.' },
    });
    expect(textOf(result)).toContain('You hold control.');
  });

  it('says how things stand when the time is up', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    const result = await client.call('await_control', { timeoutMs: 30 });
    expect(result.isError).toBeUndefined();
    expect(result.structuredContent).toMatchObject({ control: 'human', holder: 'Mara K.' });
    expect(textOf(result)).toContain('Call await_control');
  });

  it('ends when the session does', async () => {
    bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
    const result = await during(client.call('await_control'), () => bench.broker.end(sessionId));
    expect(result.structuredContent).toMatchObject({ code: 'session_gone' });
  });
});

describe('request_human', () => {
  const ask = { why: 'Type the code that only you see', urgency: 'now' };

  it('waits for a person to take control, then sends the agent to await_control', async () => {
    const result = await during(client.call('request_human', ask), () => {
      bench.control.set(sessionId, { kind: 'human', holder: 'Mara K.' });
      bench.attention.change('a_1', { state: 'taken', answeredBy: 'Mara K.' });
    });
    expect(result.structuredContent).toMatchObject({ id: 'a_1', state: 'taken', control: 'human', holder: 'Mara K.' });
    expect(textOf(result)).toContain('Call await_control');
    expect(JSON.stringify(result)).not.toContain('4711');
    expect(bench.attention.items.get('a_1')).toMatchObject({
      title: 'Order clerk asks for a person',
      urgency: 'now',
      kind: 'help',
    });
    expect(bench.timeline.rows.map((row) => row.words)).toEqual([
      'Asked for a person: **Type the code that only you see**',
    ]);

    const waited = await during(client.call('await_control'), () => {
      bench.control.handBack(sessionId, 'Mara K.', 'Code typed.');
      bench.attention.change('a_1', { state: 'answered', answer: 'Code typed.' });
    });
    expect(waited.structuredContent).toMatchObject({
      control: 'agent',
      handback: { note: 'Code typed.' },
      help: [{ state: 'answered' }],
    });
    expect((await client.call('get_control')).structuredContent?.['help']).toBeUndefined();
  });

  it('brings an answer given without taking control', async () => {
    const result = await during(client.call('request_human', ask), () =>
      bench.attention.change('a_1', { state: 'answered', answeredBy: 'Mara K.', answer: 'Use the second account.' }),
    );
    expect(result.structuredContent).toMatchObject({
      state: 'answered',
      answer: 'Use the second account.',
      control: 'agent',
    });
    expect(textOf(result)).toContain('“Use the second account.”');
  });

  it('says so when nobody comes', async () => {
    const result = await during(client.call('request_human', ask), () =>
      bench.attention.change('a_1', { state: 'expired' }),
    );
    expect(result.structuredContent).toMatchObject({ state: 'expired' });
    expect(textOf(result)).toContain('Nobody came before the deadline');
  });

  it('keeps one call for the same wish, and refuses a fourth', async () => {
    const waits = [1, 2, 3].map((n) => client.call('request_human', { ...ask, why: `wish ${n}` }));
    await expect.poll(() => bench.attention.items.size).toBe(3);
    const again = client.call('request_human', { ...ask, why: 'wish 1' });
    const fourth = await client.call('request_human', { ...ask, why: 'wish 4' });
    expect(fourth.structuredContent).toMatchObject({ code: 'too_many' });
    expect(bench.attention.items.size).toBe(3);
    for (const id of bench.attention.items.keys()) bench.attention.change(id, { state: 'withdrawn' });
    expect((await again).structuredContent).toMatchObject({ id: 'a_1', state: 'withdrawn' });
    await Promise.all(waits);
  });
});
