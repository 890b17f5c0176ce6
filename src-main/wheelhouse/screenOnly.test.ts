import { afterEach, expect, it } from 'vitest';
import { stockClients, textOf } from '../channel/testing/clients';
import { until } from '../server/testing/client';
import { apiOf } from './testing/api';
import { startFakeHouse } from './testing/fakeHouse';

let house: Awaited<ReturnType<typeof startFakeHouse>>;
afterEach(() => house.stop());

it('a machine without an agent inside: seen, clicked, taken over, stopped and put back; the rest is refused with a reason', async () => {
  house = await startFakeHouse();
  const { wheelhouse, api, dataDir } = house;
  const { body: pool } = await api('POST', '/api/pools', {
    displayName: 'Somebody’s own',
    backend: 'fake',
    image: 'screen-only',
    warm: { minimum: 1, maximum: 2 },
  });
  const { secret } = wheelhouse.identity.create({ name: 'robot', role: 'agent' });
  const got = await apiOf(dataDir, secret)('POST', `/api/pools/${pool.id}/sessions`, { waitMs: 10_000 });
  expect([got.status, got.body.error]).toEqual([200, undefined]);
  const { sessionId, computerUrl } = got.body as { sessionId: string; computerUrl: string };
  expect(wheelhouse.broker.sessions.get(sessionId).machine).toMatchObject({ guestAgent: false });
  const client = await stockClients[0]![1](computerUrl, secret, 'Robot 3');
  const inputs = () => house.backend.guest(wheelhouse.broker.sessions.get(sessionId).machineId!)!.rfb.inputs;
  const control = (request: object) => api('POST', `/api/sessions/${sessionId}/control`, request);
  const back = () => until(() => wheelhouse.control.state(sessionId).kind === 'agent', 'the agent has control');

  expect((await client.call('take_screenshot')).isError).toBeFalsy();
  expect((await client.call('click', { x: 10, y: 20 })).isError).toBeFalsy();
  expect(inputs()).toContainEqual(expect.objectContaining({ kind: 'pointer', x: 10, y: 20 }));
  for (const [tool, args] of [
    ['execute_shell_command', { command: 'true' }],
    ['list_windows', {}],
    ['clipboard_read', {}],
    ['launch_application', { path: 'xterm' }],
  ] as const) {
    const refused = await client.call(tool, args);
    expect(refused).toMatchObject({ isError: true, structuredContent: { code: 'not_supported' } });
    expect(textOf(refused)).toMatch(/has none.*take_screenshot/);
  }

  expect((await control({ action: 'take' })).body).toMatchObject({ kind: 'human' });
  await control({ action: 'release', note: 'Signed in.' });
  await back();
  expect(JSON.stringify(await client.call('await_control'))).toContain('Signed in.');

  const path = `/api/sessions/${sessionId}/checkpoints`;
  const { body: saved } = await api('POST', path);
  expect((await api('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(200);
  await back();
  await client.call('await_control');
  expect((await client.call('click', { x: 30, y: 40 })).isError).toBeFalsy();
  expect(inputs()).toContainEqual(expect.objectContaining({ kind: 'pointer', x: 30, y: 40 }));

  await control({ action: 'pause' });
  await control({ action: 'resume' });
  await back();
  expect(wheelhouse.broker.sessions.get(sessionId).status).toBe('active');
  await client.close();
});
