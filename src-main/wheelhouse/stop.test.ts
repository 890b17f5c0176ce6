import { expect, it } from 'vitest';
import type { Caller } from '../base/caller';
import { until } from '../server/testing/client';
import { RawViewer } from './testing/rawViewer';
import { callTool, startFakeHouse } from './testing/fakeHouse';

const ann: Caller = { tokenId: 't', name: 'ann', role: 'admin', pools: [] };

it('stops while streams, screens and long calls are open, and ends them all', async () => {
  const house = await startFakeHouse();
  const { secret, sessionId, computerUrl } = await house.session('robot');
  const { wheelhouse, api } = house;
  await api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
  const { body } = await api('POST', `/api/sessions/${sessionId}/screen-tickets`, { mode: 'interactive' });
  const viewer = await RawViewer.open(body.url);
  const events = await fetch(`${wheelhouse.url}/api/events`, { headers: { authorization: `Bearer ${secret}` } });
  const reading = events.text().catch(() => 'cut');
  const waiting = callTool(computerUrl, secret, 1, 'await_control', { timeoutSeconds: 20 }).catch(() => 'cut');
  const queued = wheelhouse.broker
    .acquire(
      {
        poolId: wheelhouse.broker.pools.create({ displayName: 'Empty', backend: 'fake', image: 'none' }).id,
        caller: ann,
        waitMs: 20_000,
      },
      new AbortController().signal,
    )
    .catch((error: { code: string }) => error.code);

  await until(() => wheelhouse.relay.viewers().length === 1, 'the viewer is on');
  await house.stop();

  await until(() => viewer.closedWith !== null, 'the viewer is closed');
  expect(await reading).toBeTypeOf('string');
  await waiting;
  expect(await queued).toMatch(/not_ready|image_missing/);
  await expect(fetch(`${wheelhouse.url}/healthz`)).rejects.toThrow();
  expect(() => wheelhouse.db.exec('SELECT 1')).toThrow();
});

it('lets calls that are under way end, takes nothing new, and only then stops', async () => {
  const house = await startFakeHouse();
  const { wheelhouse, api } = house;
  const worker = await house.session('worker');
  const waiter = await house.session('waiter');
  await api('POST', `/api/sessions/${waiter.sessionId}/control`, { action: 'take' });
  // Longer than a stop leaves to connections by itself.
  const working = callTool(worker.computerUrl, worker.secret, 1, 'execute_shell_command', { command: 'sleep 2' });
  const waiting = callTool(waiter.computerUrl, waiter.secret, 2, 'await_control', { timeoutMs: 25_000 });
  const one = { displayName: 'One', backend: 'fake', warm: { minimum: 0, maximum: 1 } };
  const sessions = `/api/pools/${(await api('POST', '/api/pools', one)).body.id}/sessions`;
  expect((await api('POST', sessions, { waitMs: 30_000 })).status).toBe(200);
  const queued = api('POST', sessions, { waitMs: 30_000 });
  await until(() => worker.guest().commands.length > 0, 'the call is under way');
  await until(() => wheelhouse.broker.sessions.list({ limit: 9, order: 'asc' }, ann).data.length > 3, 'it is queued');
  const stopped = wheelhouse.stop({ drainMs: 10_000 });

  const late = await api('POST', sessions, {});
  expect([late.status, late.body.error.code, late.body.error.message]).toEqual([
    ...[503, 'not_ready', expect.stringContaining('stopping')],
  ]);
  expect((await fetch(`${wheelhouse.url}/readyz`)).status).toBe(503);
  expect((await working).result.isError).toBeFalsy();
  expect((await waiting).result.structuredContent).toMatchObject({ control: 'human' });
  expect(await queued).toMatchObject({ status: 503, body: { error: { code: 'not_ready' } } });
  await stopped;
});

it('waits for calls only so long', async () => {
  const house = await startFakeHouse();
  const { computerUrl, secret, guest } = await house.session('robot');
  const endless = callTool(computerUrl, secret, 1, 'execute_shell_command', { command: 'sleep 300' }).catch(
    () => 'cut',
  );
  await until(() => guest().commands.length > 0, 'the call is under way');
  await house.wheelhouse.stop({ drainMs: 100 });
  await endless;
  await expect(fetch(`${house.wheelhouse.url}/healthz`)).rejects.toThrow();
});

it('gives every screen, guest link and viewer back when a session ends', async () => {
  const house = await startFakeHouse();
  const { wheelhouse, api } = house;
  for (let round = 0; round < 5; round++) {
    const { sessionId, secret, computerUrl } = await house.session(`robot ${round}`);
    await callTool(computerUrl, secret, 1, 'take_screenshot');
    const { body } = await api('POST', `/api/sessions/${sessionId}/screen-tickets`, { mode: 'view' });
    const viewer = await RawViewer.open(body.url);
    expect((await api('DELETE', `/api/sessions/${sessionId}`)).status).toBe(204);
    await until(() => viewer.closedWith !== null, 'its viewer is closed');
    expect(wheelhouse.hubs.get(sessionId)).toBeUndefined();
    expect(wheelhouse.relay.viewers()).toEqual([]);
    await expect(wheelhouse.hubFor(sessionId)).rejects.toMatchObject({ code: 'session_gone' });
  }
  await house.stop();
});
