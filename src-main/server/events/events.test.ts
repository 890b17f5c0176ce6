import { afterEach, beforeEach, expect, it } from 'vitest';
import type { WheelhouseEvent } from '@shared/event';
import { startServer, type RunningServer } from '../index';
import type { ServerLimits } from '../limits';
import { until } from '../testing/client';
import { fakePool, fakeServices, fakeSession } from '../testing/fakeServices';

let rooms: ReturnType<typeof fakeServices>;
let server: RunningServer;
let open: AbortController;
const start = async (limits?: Partial<ServerLimits>) => {
  rooms = fakeServices();
  server = await startServer({ port: 0, services: rooms.services, limits });
  open = new AbortController();
};
beforeEach(() => start());
afterEach(async () => {
  open.abort();
  await server.close();
});

const listen = async (token: string, lastEventId?: string) => {
  const answer = await fetch(`${server.url}/api/events`, {
    signal: open.signal,
    headers: { authorization: `Bearer ${token}`, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
  });
  let text = '';
  let ended = false;
  const reading = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const part of answer.body!) text += decoder.decode(part as Uint8Array, { stream: true });
    } catch {
      // Aborted by the test's end.
    }
    ended = true;
  })();
  const events = () =>
    text
      .split('\n\n')
      .filter((block) => block.startsWith('id:'))
      .map((block) => {
        const [id, event, data] = block.split('\n').map((line) => line.slice(line.indexOf(':') + 2));
        return { id: id!, event: event!, data: JSON.parse(data!) };
      });
  await until(() => text.length > 0, 'the stream greets');
  return { answer, events, text: () => text, ended: () => ended, reading };
};
const gone = (id: string): WheelhouseEvent => ({ event: 'pool_deleted', data: { id } });

it('tells what changes, and resumes without a gap', async () => {
  const token = rooms.token('operator');
  const first = await listen(token);
  expect(first.answer.headers.get('content-type')).toContain('text/event-stream');
  for (const id of ['a', 'b', 'c']) rooms.bus.emit(gone(id));
  await until(() => first.events().length === 3, 'three events');
  const again = await listen(token, first.events()[0]!.id);
  await until(() => again.events().length === 2, 'the two after it');
  expect(again.events().map((event) => event.data.id)).toEqual(['b', 'c']);
  expect(again.events().map((event) => event.id)).toEqual(
    first
      .events()
      .slice(1)
      .map((event) => event.id),
  );
});

it('says when events were missed for good', async () => {
  await server.close();
  await start({ eventRing: 4 });
  const token = rooms.token('operator');
  for (let i = 0; i < 20; i++) rooms.bus.emit(gone(`p${i}`));
  for (const stale of ['e_other-3', 'rubbish']) {
    const reader = await listen(token, stale);
    expect(reader.events().map((event) => event.event)).toEqual(['reset']);
  }
  const reset = (await listen(token, 'rubbish')).events()[0]!;
  const old = await listen(token, reset.id.replace(/\d+$/, '2'));
  expect(old.events()[0]!.event).toBe('reset');
  rooms.bus.emit(gone('next'));
  const resumed = await listen(token, reset.id);
  await until(() => resumed.events().length === 1, 'what came after the reset');
  expect(resumed.events()[0]!.data.id).toBe('next');
});

it('tells agents of their own sessions and pools only', async () => {
  rooms.sessions.set('mine-0001', fakeSession('mine-0001', 'one'));
  rooms.sessions.set('theirs-001', fakeSession('theirs-001', 'two'));
  const reader = await listen(rooms.token('agent', 'one'));
  const { control } = fakeSession('x', 'x');
  rooms.bus.emit({ event: 'session', data: fakeSession('theirs-001', 'two') });
  rooms.bus.emit({ event: 'control', data: { sessionId: 'theirs-001', control } });
  rooms.bus.emit({ event: 'control', data: { sessionId: 'unknown-1', control } });
  rooms.bus.emit({ event: 'pool', data: fakePool('other', { assignments: ['two'] }) });
  rooms.bus.emit({ event: 'control', data: { sessionId: 'mine-0001', control } });
  rooms.bus.emit({ event: 'session', data: fakeSession('mine-0001', 'one') });
  await until(() => reader.events().length >= 2, 'its own two');
  expect(reader.events().map((event) => [event.event, event.data.sessionId])).toEqual([
    ['control', 'mine-0001'],
    ['session', 'mine-0001'],
  ]);
});

it('tells agents nothing of what other pools are called and have, in no way', async () => {
  const message = 'All pools together may not take more: “Payroll” has 4 machines.';
  const pool = fakePool('mine');
  const short = { type: 'Warm', status: 'False', reason: 'HostAtCapacity', message, since: pool.createdAt } as const;
  const healthy = { ...short, type: 'Backend', status: 'True', reason: 'Healthy', message: 'All is well.' } as const;
  pool.observed.conditions = [short, healthy];
  rooms.pools.set('mine', pool);
  rooms.pools.set('payroll', fakePool('payroll', { displayName: 'Payroll', assignments: ['two'] }));
  const [agent, operator] = [rooms.token('agent', 'one'), rooms.token('operator')];
  const said = async (token: string) => {
    const reader = await listen(token);
    rooms.bus.emit({ event: 'pool', data: pool });
    await until(() => reader.events().length === 1, 'the pool');
    const read = async (path: string) =>
      (await fetch(server.url + path, { headers: { authorization: `Bearer ${token}` } })).text();
    return [JSON.stringify(reader.events()), await read('/api/pools/mine'), await read('/api/pools')];
  };
  for (const text of await said(agent)) {
    expect(text).not.toContain('Payroll');
    expect(text).toContain('HostAtCapacity');
    expect(text).toContain('All is well.');
  }
  for (const text of await said(operator)) expect(text).toContain('“Payroll” has 4 machines');
  const refusal = async (id: string) => {
    const headers = { authorization: `Bearer ${agent}` };
    const { error } = (await (await fetch(`${server.url}/api/pools/${id}`, { headers })).json()) as {
      error: { message: string; code: string };
    };
    return [error.code, error.message.replace(id, 'it')];
  };
  expect(await refusal('payroll')).toEqual(await refusal('nothing'));
});

it('tells agents of their own homes, to the last', async () => {
  const mine = rooms.homes.add('h_mine0001', { caller: 'one', state: 'deleting' });
  const theirs = rooms.homes.add('h_theirs01', { caller: 'two' });
  const reader = await listen(rooms.token('agent', 'one'));
  for (const data of [theirs, mine]) rooms.bus.emit({ event: 'home', data });
  for (const { homeId } of [theirs, mine]) rooms.bus.emit({ event: 'home_removed', data: { homeId } });
  await until(() => reader.events().length >= 2, 'its own two');
  expect(reader.events().map((event) => [event.event, event.data.homeId])).toEqual([
    ['home', 'h_mine0001'],
    ['home_removed', 'h_mine0001'],
  ]);
});

it('beats when nothing happens, and ends the stream of a withdrawn token', async () => {
  await server.close();
  await start({ heartbeatMs: 30 });
  const { token, secret } = rooms.identity.create({ name: 'op', role: 'operator' });
  const reader = await listen(secret);
  await until(() => reader.text().includes(': heartbeat'), 'a heartbeat');
  rooms.identity.withdraw(token.tokenId);
  await until(() => reader.ended(), 'the stream ends');
});

it('caps the streams of one caller', async () => {
  await server.close();
  await start({ maxEventStreamsOfCaller: 2 });
  const token = rooms.token('operator');
  await listen(token);
  await listen(token);
  const answer = await fetch(`${server.url}/api/events`, { headers: { authorization: `Bearer ${token}` } });
  expect([answer.status, ((await answer.json()) as { error: { code: string } }).error.code]).toEqual([429, 'too_many']);
  open.abort();
  open = new AbortController();
  let status = 429;
  for (let i = 0; i < 100 && status === 429; i++) {
    const retry = await fetch(`${server.url}/api/events`, {
      signal: open.signal,
      headers: { authorization: `Bearer ${token}` },
    });
    status = retry.status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(status).toBe(200);
});
