import { afterEach, expect, it } from 'vitest';
import { stockClients, textOf } from '../channel/testing/clients';
import { until } from '../server/testing/client';
import { apiOf } from './testing/api';
import { startFakeHouse } from './testing/fakeHouse';

let house: Awaited<ReturnType<typeof startFakeHouse>>;
afterEach(() => house.stop());

const agentOf = async (name: string) => {
  const session = await house.session(name);
  const client = await stockClients[0]![1](session.computerUrl, session.secret, 'Robot 3');
  const control = (request: object, api = house.api) =>
    api('POST', `/api/sessions/${session.sessionId}/control`, request);
  return { ...session, client, control };
};
const frozen = (sessionId: string) => house.wheelhouse.broker.sessions.get(sessionId).frozen === true;
const kind = (sessionId: string) => house.wheelhouse.control.state(sessionId).kind;

it('a pause stops the machine; its last picture can be seen, and nothing waits for it', async () => {
  house = await startFakeHouse();
  const { client, control, sessionId } = await agentOf('robot');
  await client.call('take_screenshot');
  await control({ action: 'pause' });
  await until(() => frozen(sessionId), 'it is stopped');
  const click = await client.call('click', { x: 1, y: 1 });
  expect(click).toMatchObject({
    isError: true,
    structuredContent: { code: 'control_paused', by: 'ann', frozen: true },
  });
  expect(textOf(click)).toContain('ann has stopped this computer');
  expect((await client.call('list_windows')).structuredContent).toMatchObject({ code: 'control_paused', by: 'ann' });
  const picture = await client.call('take_screenshot');
  expect(picture.isError).toBeFalsy();
  expect(picture.structuredContent).toMatchObject({ stopped: true });
  const hub = house.wheelhouse.hubs.get(sessionId)!;
  expect((await hub.thumbnail(320))?.jpeg.length).toBeGreaterThan(100);
  expect(textOf(await client.call('get_control'))).toContain('ann has stopped this desktop');

  await control({ action: 'resume' });
  await until(() => kind(sessionId) === 'agent', 'the agent has control again');
  expect(frozen(sessionId)).toBe(false);
  expect((await client.call('click', { x: 1, y: 1 })).isError).toBeFalsy();
  await client.close();
});

it('a person who takes a stopped session finds it running', async () => {
  house = await startFakeHouse();
  const { client, control, sessionId, guest } = await agentOf('robot');
  await control({ action: 'pause' });
  await until(() => frozen(sessionId), 'it is stopped');
  const taken = await control({ action: 'take' });
  expect(taken.body).toMatchObject({ kind: 'human', holder: 'ann' });
  expect(frozen(sessionId)).toBe(false);
  expect(guest().fence.epoch).toBe(taken.body.epoch);
  await control({ action: 'release', leavePaused: true });
  await until(() => frozen(sessionId), 'it is stopped again');
  await client.close();
});

it('cuts off what runs, and says that it may be half done', async () => {
  house = await startFakeHouse();
  const { client, control, guest } = await agentOf('robot');
  const running = client.call('execute_shell_command', { command: 'sleep 20' });
  await until(() => guest().commands.length > 0, 'it runs');
  await control({ action: 'pause' });
  const cut = await running;
  expect(cut).toMatchObject({ isError: true, structuredContent: { code: 'control_paused', cutOff: true } });
  expect(textOf(cut)).toMatch(/^Cut off: ann stopped this computer/);
  await client.close();
});

it('stop-everything stops what agents and people hold, and resume gives it back to whom it had', async () => {
  house = await startFakeHouse();
  const one = await agentOf('one');
  const two = await agentOf('two');
  const three = await agentOf('three');
  const { secret } = house.wheelhouse.identity.create({ name: 'ben', role: 'operator' });
  const ben = apiOf(house.dataDir, secret);
  await two.control({ action: 'take' }, ben);
  await three.control({ action: 'pause' });
  await until(() => frozen(three.sessionId), 'the third is stopped by itself');

  expect((await house.api('POST', '/api/stop')).body).toEqual({ sessions: 2 });
  expect([one, two, three].map((each) => [kind(each.sessionId), frozen(each.sessionId)])).toEqual([
    ['paused', true],
    ['paused', true],
    ['paused', true],
  ]);
  expect((await house.api('POST', '/api/stop')).body).toEqual({ sessions: 0 });
  const asAgent = apiOf(house.dataDir, one.secret);
  expect((await asAgent('POST', '/api/stop')).status).toBe(403);

  expect((await ben('POST', '/api/resume')).body).toEqual({ sessions: 2 });
  await until(() => kind(one.sessionId) === 'agent', 'the agent goes on');
  await until(() => kind(two.sessionId) === 'human', 'the person goes on');
  expect(house.wheelhouse.control.state(two.sessionId).holder).toBe('ben');
  expect(kind(three.sessionId)).toBe('paused');
  expect([one, two, three].map((each) => frozen(each.sessionId))).toEqual([false, false, true]);
  await Promise.all([one, two, three].map((each) => each.client.close()));
});

it('shows the console of a stopped machine too', async () => {
  house = await startFakeHouse();
  const { client, control, sessionId } = await agentOf('robot');
  await control({ action: 'pause' });
  await until(() => frozen(sessionId), 'it is stopped');
  const { lines } = (await house.api('GET', `/api/sessions/${sessionId}/console?lines=5`)).body;
  expect(lines).toContain('started');
  await control({ action: 'resume' });
  await until(() => kind(sessionId) === 'agent' && !frozen(sessionId), 'it goes on');
  await client.close();
});
