import { afterEach, describe, expect, it } from 'vitest';
import { stockClients, textOf } from '../channel/testing/clients';
import { createFakeBackend } from '../sandbox/fake';
import { until } from '../server/testing/client';
import { apiOf } from '../wheelhouse/testing/api';
import { startFakeHouse } from '../wheelhouse/testing/fakeHouse';

type House = Awaited<ReturnType<typeof startFakeHouse>>;
let house: House;
afterEach(() => house.stop());
const connect = stockClients[0]![1];

const agentOf = async (name = 'robot') => {
  const session = await house.session(name);
  const client = await connect(session.computerUrl, session.secret, 'Robot 3');
  return {
    ...session,
    client,
    sh: (command: string) => client.call('execute_shell_command', { command }),
    path: `/api/sessions/${session.sessionId}/checkpoints`,
  };
};
const words = (sessionId: string) =>
  house.wheelhouse.timeline.list(sessionId, { limit: 100, order: 'asc' }).data.map((row) => row.words);
const setPolicy = async (sessionId: string, checkpoints: Record<string, unknown>) => {
  const { poolId } = house.wheelhouse.broker.sessions.get(sessionId);
  const all = { beforeTakeover: false, beforeCommands: false, keep: 6, ...checkpoints };
  expect((await house.api('PATCH', `/api/pools/${poolId}`, { checkpoints: all })).status).toBe(200);
};
const kind = (sessionId: string) => house.wheelhouse.control.state(sessionId).kind;

describe('an agent', () => {
  it('saves, breaks something, and goes back; its screen and its tools go on', async () => {
    house = await startFakeHouse();
    const { client, sh, sessionId } = await agentOf();
    await sh('echo precious > notes.txt');
    const saved = await client.call('checkpoint_create', { name: 'before the form' });
    expect(saved.isError, textOf(saved)).toBeFalsy();
    const { checkpointId } = saved.structuredContent as { checkpointId: string };
    await client.call('take_screenshot');
    await sh('rm notes.txt');
    const { epoch } = house.wheelhouse.control.state(sessionId);
    const back = await client.call('checkpoint_restore', { checkpointId });
    expect(back.isError, textOf(back)).toBeFalsy();
    expect(textOf(back)).toContain('stale');
    expect(house.wheelhouse.control.state(sessionId)).toMatchObject({ kind: 'agent', epoch: epoch + 1 });
    expect((await sh('cat notes.txt')).structuredContent).toMatchObject({ stdout: 'precious\n' });
    expect((await client.call('click', { x: 5, y: 5 })).isError).toBeFalsy();
    const listed = await client.call('checkpoint_list');
    expect(listed.structuredContent).toMatchObject({ checkpoints: [{ checkpointId, cause: 'agent', state: 'ready' }] });
    expect(words(sessionId)).toContain('Went back to checkpoint **before the form**');
    expect((await client.call('checkpoint_restore', { checkpointId: 'k_other' })).structuredContent).toMatchObject({
      code: 'not_found',
    });
    await client.close();
  });

  it('is shut out of the put-back machine under what it was admitted to before', async () => {
    house = await startFakeHouse();
    const { client, sessionId, guest } = await agentOf();
    const saved = await client.call('checkpoint_create');
    const { checkpointId } = saved.structuredContent as { checkpointId: string };
    const before = house.wheelhouse.control.state(sessionId).epoch;
    await client.call('checkpoint_restore', { checkpointId });
    expect(guest().fence.epoch).toBe(before + 1);
    const { guest: link } = await house.wheelhouse.broker.connect(sessionId);
    await expect(link.exec({ epoch: before, command: 'true', timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'stale_epoch',
    });
    await client.close();
  });

  it('reads why a machine that keeps none refuses', async () => {
    house = await startFakeHouse({
      backends: ({ dataDir }) => [createFakeBackend({ dataDir, checkpoints: false })],
    });
    const { client } = await agentOf();
    const refused = await client.call('checkpoint_create');
    expect(refused).toMatchObject({ isError: true, structuredContent: { code: 'not_supported' } });
    expect(textOf(refused)).toMatch(/keeps no checkpoints.*Nothing was done/);
    await client.close();
  });

  it('sees and goes back to its own checkpoints over HTTP, and no other agent’s', async () => {
    house = await startFakeHouse();
    const { secret, path, client } = await agentOf();
    const own = apiOf(house.dataDir, secret);
    const made = await own('POST', path, { name: 'mine' });
    expect([made.status, made.body]).toMatchObject([201, { cause: 'agent', name: 'mine' }]);
    expect((await own('POST', `${path}/${made.body.checkpointId}/restore`)).status).toBe(200);
    expect((await own('DELETE', `${path}/${made.body.checkpointId}`)).status).toBe(403);
    const other = house.wheelhouse.identity.create({ name: 'other', role: 'agent' });
    expect((await apiOf(house.dataDir, other.secret)('GET', path)).status).toBe(404);
    await client.close();
  });
});

describe('an agent that is late', () => {
  it('does not put back a machine that a person took while it waited for its turn', async () => {
    house = await startFakeHouse();
    const { client, sh, sessionId, secret, path } = await agentOf();
    const saved = await client.call('checkpoint_create');
    const { checkpointId } = saved.structuredContent as { checkpointId: string };
    await sh('echo typed-by-ann > form.txt');
    // Something else is done to the machine from outside: the restore stands behind it, with the machine in reach.
    const { broker, control } = house.wheelhouse;
    house.backend.faults.checkpointDelayMs = 2_500;
    const before = broker.saveMachine(sessionId, 'k_otherwise', AbortSignal.timeout(20_000));
    const late = apiOf(house.dataDir, secret)('POST', `${path}/${checkpointId}/restore`);
    await until(() => words(sessionId).includes('Went back to a checkpoint'), 'the restore is on its way');
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
    expect(control.holds(sessionId, 'ann')).toBe(true);
    await before;
    house.backend.faults.checkpointDelayMs = 0;
    expect((await late).body.error).toMatchObject({ code: 'stale_epoch' });
    const { guest } = await broker.connect(sessionId);
    const { epoch } = control.state(sessionId);
    expect((await guest.exec({ epoch, command: 'cat form.txt', timeoutMs: 1000 })).stdout).toBe('typed-by-ann\n');
    await client.close();
  });

  it('undoes nothing over HTTP that a person did before it has read of it', async () => {
    house = await startFakeHouse();
    const { client, sessionId, secret, path } = await agentOf();
    const own = apiOf(house.dataDir, secret);
    const { body: saved } = await own('POST', path, {});
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'release', note: 'I filled in the form.' });
    await until(() => kind(sessionId) === 'agent', 'the agent has control again');
    const blind = await own('POST', `${path}/${saved.checkpointId}/restore`);
    expect([blind.status, blind.body.error.code]).toEqual([409, 'stale_epoch']);
    expect(await client.call('await_control')).toMatchObject({
      structuredContent: { handback: { note: 'I filled in the form.' } },
    });
    expect((await own('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(200);
    await client.close();
  });
});

describe('an operator', () => {
  it('rewinds an agent, which reads what was undone before it acts again', async () => {
    house = await startFakeHouse();
    const { client, sh, sessionId, path } = await agentOf();
    await sh('echo precious > notes.txt');
    const { body: saved } = await house.api('POST', path, { name: 'before the form' });
    expect(saved).toMatchObject({ state: 'ready', cause: 'operator', createdBy: 'ann' });
    await sh('rm notes.txt');
    await client.call('click', { x: 5, y: 5 });
    await client.call('take_screenshot');
    const back = await house.api('POST', `${path}/${saved.checkpointId}/restore`);
    expect([back.status, back.body.error]).toEqual([200, undefined]);
    await until(() => kind(sessionId) === 'agent', 'the agent has control again');
    const told = await client.call('click', { x: 5, y: 5 });
    expect(told).toMatchObject({
      isError: true,
      structuredContent: {
        code: 'stale_epoch',
        handback: { by: 'ann', rewoundTo: { checkpointId: saved.checkpointId, undoneActions: 2 } },
      },
    });
    expect(JSON.stringify(told)).toContain('ann put this desktop back to checkpoint “before the form”');
    expect((await sh('cat notes.txt')).structuredContent).toMatchObject({ stdout: 'precious\n' });
    expect(words(sessionId)).toContainEqual(
      expect.stringMatching(
        /^\*\*ann\*\* went back to checkpoint “before the form”: \d+ seconds? and 2 actions undone$/,
      ),
    );
    await client.close();
  });

  it('keeps the hold that they had, and the agent hears of it at the hand-back', async () => {
    house = await startFakeHouse();
    const { client, sessionId, path } = await agentOf();
    const { body: saved } = await house.api('POST', path);
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
    expect((await house.api('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(200);
    expect(house.wheelhouse.control.holds(sessionId, 'ann')).toBe(true);
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'release', note: 'Try the other form.' });
    const told = await client.call('await_control');
    expect(told.structuredContent).toMatchObject({
      handback: { note: 'Try the other form.', rewoundTo: { checkpointId: saved.checkpointId } },
    });
    await client.close();
  });

  it('does not rewind under another person, unless an admin insists', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client } = await agentOf();
    const { body: saved } = await house.api('POST', path);
    const ben = apiOf(house.dataDir, house.wheelhouse.identity.create({ name: 'ben', role: 'operator' }).secret);
    await ben('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
    const at = `${path}/${saved.checkpointId}/restore`;
    const refused = await house.api('POST', at);
    expect([refused.status, refused.body.error.additionalInfo.holder]).toEqual([409, 'ben']);
    expect((await ben('POST', at, { force: true })).status).toBe(200);
    expect((await house.api('POST', at, { force: true })).status).toBe(200);
    await client.close();
  });

  it('leaves a paused session paused', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client } = await agentOf();
    const { body: saved } = await house.api('POST', path);
    await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'pause' });
    expect((await house.api('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(200);
    expect(kind(sessionId)).toBe('paused');
    await until(() => house.wheelhouse.broker.sessions.get(sessionId).frozen === true, 'it is stopped again');
    await client.close();
  });

  it('branches into a session of their own, which goes on from there', async () => {
    house = await startFakeHouse();
    const { client, sh, sessionId, path } = await agentOf();
    await sh('echo here > notes.txt');
    const { body: saved } = await house.api('POST', path);
    await sh('rm notes.txt');
    const made = await house.api('POST', `${path}/${saved.checkpointId}/branch`, { name: 'the other way' });
    expect([made.status, made.body]).toMatchObject([201, { name: 'the other way', caller: 'ann' }]);
    const { machineId } = house.wheelhouse.broker.sessions.get(made.body.sessionId);
    const home = '/home/session/notes.txt';
    expect(house.backend.guest(machineId!)!.shell.files.get(home)?.toString()).toBe('here\n');
    expect((await sh('cat notes.txt')).structuredContent).toMatchObject({ success: false });
    expect(words(sessionId).at(-2)).toMatch(/^\*\*ann\*\* started session “the other way”/);
    await client.close();
  });
});

describe('what is kept', () => {
  it('is bounded by the pool; what policy saved makes room, what people saved does not', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client, sh } = await agentOf();
    await setPolicy(sessionId, { beforeCommands: true, keep: 2 });
    await sh('echo one');
    await sh('echo two');
    const causes = async () => (await house.api('GET', path)).body.data.map((each: { cause: string }) => each.cause);
    expect(await causes()).toEqual(['command']);
    await house.api('POST', path);
    await house.api('POST', path);
    expect(await causes()).toEqual(['operator', 'operator']);
    const full = await house.api('POST', path);
    expect([full.status, full.body.error.code]).toEqual([429, 'too_many']);
    const signal = new AbortController().signal;
    await expect.poll(() => house.backend.checkpoints!.list(signal)).toHaveLength(2);
    await client.close();
  });

  it('is bounded in bytes over all sessions', async () => {
    house = await startFakeHouse({ limits: { checkpoints: { bytes: 1 } } });
    const { path, client } = await agentOf();
    expect((await house.api('POST', path)).status).toBe(201);
    expect((await house.api('POST', path)).body.error.code).toBe('too_many');
    await client.close();
  });

  it('has a picture that its agent may fetch, and ends with the session', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client, secret } = await agentOf();
    await client.call('take_screenshot');
    const { body: saved } = await house.api('POST', path);
    const frame = () =>
      house.wheelhouse.checkpoints.list(sessionId).find((each) => each.checkpointId === saved.checkpointId)?.frame;
    await until(() => frame() != null, 'the picture is stored');
    const png = await fetch(new URL(`/api/frames/${frame()}`, house.wheelhouse.url), {
      headers: { authorization: `Bearer ${secret}` },
    });
    expect(png.headers.get('content-type')).toBe('image/png');
    await client.close();
    await house.api('DELETE', `/api/sessions/${sessionId}`);
    const signal = new AbortController().signal;
    await expect.poll(() => house.backend.checkpoints!.list(signal)).toEqual([]);
    expect((await house.api('POST', path)).status).toBe(404);
  });

  it('is made by policy as a person takes control, without the grant waiting for it', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client } = await agentOf();
    await setPolicy(sessionId, { beforeTakeover: true });
    house.backend.faults.checkpointDelayMs = 300;
    const take = await house.api('POST', `/api/sessions/${sessionId}/control`, { action: 'take' });
    expect(take.body.kind).toBe('human');
    const states = async () =>
      (await house.api('GET', path)).body.data.map((each: { state: string; cause: string }) => [
        each.state,
        each.cause,
      ]);
    await expect.poll(states, { timeout: 5_000 }).toEqual([['ready', 'takeover']]);
    expect(words(sessionId)).toContain('Saved checkpoint “Before ann took control” as **ann** took control');
    await client.close();
  });

  it('is one at a time', async () => {
    house = await startFakeHouse();
    const { path, client, sh } = await agentOf();
    house.backend.faults.checkpointDelayMs = 200;
    const [first, second] = await Promise.all([house.api('POST', path), house.api('POST', path)]);
    expect([first.status, second.status].toSorted((a, b) => a - b)).toEqual([201, 409]);
    expect((await sh('echo on')).isError).toBeFalsy();
    await client.close();
  });
});

describe('failures', () => {
  it('of saving leave a row that says why, nothing on disk, and the machine going on', async () => {
    house = await startFakeHouse();
    const { path, client, sh } = await agentOf();
    house.backend.faults.checkpointFails = 'disk_full';
    expect((await house.api('POST', path)).body.error.code).toBe('guest_failed');
    const [row] = (await house.api('GET', path)).body.data;
    expect(row).toMatchObject({ state: 'failed', reason: expect.stringMatching(/disk is full/i), bytes: null });
    expect(await house.backend.checkpoints!.list(new AbortController().signal)).toEqual([]);
    expect((await house.api('POST', `${path}/${row.checkpointId}/restore`)).status).toBe(409);
    expect((await sh('echo on')).isError).toBeFalsy();
    await client.close();
  });

  it('of a policy’s checkpoint do not keep the command from running', async () => {
    house = await startFakeHouse();
    const { sessionId, client, sh } = await agentOf();
    await setPolicy(sessionId, { beforeCommands: true });
    house.backend.faults.checkpointFails = 'disk_full';
    expect((await sh('echo on')).structuredContent).toMatchObject({ stdout: 'on\n' });
    await client.close();
  });

  it('of putting back leave the machine and its agent going on, told of nothing that did not happen', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client, sh } = await agentOf();
    const { body: saved } = await house.api('POST', path);
    await sh('echo kept > notes.txt');
    house.backend.faults.checkpointFails = 'guest_failed';
    expect((await house.api('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(502);
    await until(() => kind(sessionId) === 'agent', 'the agent has control again');
    const told = await client.call('take_screenshot');
    expect(told.isError, textOf(told)).toBeFalsy();
    expect(JSON.stringify(told.structuredContent)).not.toContain('rewoundTo');
    expect((await sh('cat notes.txt')).structuredContent).toMatchObject({ stdout: 'kept\n' });
    await client.close();
  });

  it('that lose the machine cost this session alone', async () => {
    house = await startFakeHouse();
    const { sessionId, path, client } = await agentOf();
    const second = await house.session('second');
    const { body: saved } = await house.api('POST', path);
    house.backend.faults.checkpointFails = 'lost';
    expect((await house.api('POST', `${path}/${saved.checkpointId}/restore`)).status).toBe(502);
    await until(() => house.wheelhouse.broker.sessions.get(sessionId).status === 'failed', 'the session has failed');
    expect(house.wheelhouse.broker.sessions.get(second.sessionId).status).toBe('active');
    await client.close();
  });
});
