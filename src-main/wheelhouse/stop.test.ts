import { expect, it } from 'vitest';
import { until } from '../server/testing/client';
import { RawViewer } from './testing/rawViewer';
import { callTool, startFakeHouse } from './testing/fakeHouse';

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
        caller: { tokenId: 't', name: 'ann', role: 'admin', pools: [] },
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
