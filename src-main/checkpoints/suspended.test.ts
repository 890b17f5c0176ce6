import { afterEach, expect, it } from 'vitest';
import { callTool, startFakeHouse } from '../wheelhouse/testing/fakeHouse';

let house: Awaited<ReturnType<typeof startFakeHouse>>;
afterEach(() => house.stop());

it('checkpoints of a machine that a suspended session had: nobody is put back to them, another session can begin there', async () => {
  house = await startFakeHouse();
  const pools = (await house.api('GET', '/api/pools')).body.data as { id: string; displayName: string }[];
  const poolId = pools.find(({ displayName }) => displayName === 'Fake')!.id;
  await house.api('PATCH', `/api/pools/${poolId}`, { idle: { policy: 'suspend', afterSeconds: 3600 } });
  const { sessionId, computerUrl, secret } = await house.session('robot');
  const call = async (name: string, args = {}) => (await callTool(computerUrl, secret, 1, name, args)).result;
  await call('execute_shell_command', { command: 'echo early > notes.txt' });
  const path = `/api/sessions/${sessionId}/checkpoints`;
  const { checkpointId } = (await house.api('POST', path, { name: 'early' })).body;
  await call('execute_shell_command', { command: 'echo late > notes.txt' });
  const operator = { name: 'ann', admin: true };
  const { broker, checkpoints } = house.wheelhouse;
  const restore = () => checkpoints.restore(sessionId, checkpointId, { kind: 'operator', operator });
  const branch = async () => {
    const made = await checkpoints.branch(
      sessionId,
      checkpointId,
      operator,
      { name: 'b' },
      new AbortController().signal,
    );
    const { guest } = await broker.connect(made.sessionId);
    const text = (await guest.readFile('notes.txt')).toString();
    await broker.release(made.sessionId, 'test', 'done');
    return text;
  };

  await broker.suspend(sessionId, 'ann');
  const listed = await call('checkpoint_list');
  expect(listed.structuredContent).toMatchObject({ checkpoints: [{ checkpointId, state: 'ready' }] });
  await expect(Promise.resolve().then(restore)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/was suspended after checkpoint “early”.*Start another session from it/),
  });
  expect(await branch()).toBe('early\n');
  expect(broker.sessions.get(sessionId).status).toBe('idle');

  const refused = await call('checkpoint_restore', { checkpointId });
  expect(refused).toMatchObject({ isError: true, structuredContent: { code: 'conflict', branch: true } });
  expect(broker.sessions.get(sessionId).status).toBe('active');
  expect((await call('execute_shell_command', { command: 'cat notes.txt' })).structuredContent).toMatchObject({
    stdout: 'late\n',
  });
  expect(await branch()).toBe('early\n');
  const fresh = await house.api('POST', path, { name: 'fresh' });
  expect(fresh.status).toBe(201);
  await checkpoints.restore(sessionId, fresh.body.checkpointId, { kind: 'operator', operator });
});
