import { readdirSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { containersOf } from '../harness/docker';
import { endOurs, onQemu, qemuPid, qemuPidOf, qemuPidsOf, readyOnQemu, small } from '../harness/qemu';
import { typedTerminal } from '../harness/terminal';
import { PoolsPage } from '../pages/poolsPage';
import { SessionPage } from '../pages/sessionPage';

/** The main job on a real machine of its own: a pool is switched by one field, and everything in the app works on it. */
test.describe.configure({ mode: 'serial' });

test.describe('a pool on QEMU', () => {
  let app: TestApp;
  let view: SessionPage;
  let pools: PoolsPage;
  let agent: TestAgent;
  let id = '';
  let machineId = '';
  let place = { x: 0, y: 0 };
  const facts = async () => ({
    machine: await agent.shell('cat /etc/machine-id'),
    boot: await agent.shell('cat /proc/sys/kernel/random/boot_id'),
    random: await agent.shell('head -c 16 /dev/urandom | od -An -tx1'),
  });
  let first: Awaited<ReturnType<typeof facts>>;

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    pools = new PoolsPage(app.page);
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('one field of the dialog switches it, and its machines follow', async () => {
    test.setTimeout(300_000);
    await pools.open('desktop');
    await app.page.getByRole('button', { name: 'Edit…' }).click();
    await pools.chooseBackend('QEMU');
    await pools.fill({
      'Kept warm': '1',
      'At most': '4',
      Processors: String(small.cpus),
      Memory: String(small.memoryMiB),
      'Screen width': String(small.width),
      'Screen height': String(small.height),
    });
    await pools.press('Save');
    expect((await app.invoke('pools.list', {}))[0]).toMatchObject({ backend: 'qemu', size: small });
    await readyOnQemu(app);
    await expect(pools.item('Desktop')).toContainText('Works');
    await pools.ready(1);
    // The containers of before are gone: nobody had one.
    await expect.poll(() => containersOf(app.dataDir), { timeout: 20_000 }).toEqual([]);
  });

  test('an agent gets a session on it, and acts by screen and by shell', async () => {
    agent = await app.agent('machinist');
    const started = await agent.must('start_session', { name: 'On a machine' });
    id = String(started.structured.sessionId);
    const session = await app.invoke('sessions.get', { sessionId: id });
    expect(session).toMatchObject({
      status: 'active',
      screen: { width: small.width, height: small.height },
      machine: { backend: 'qemu', checkpoints: true, guestAgent: true, consoleLog: true },
    });
    machineId = String(session.machineId);
    expect(await qemuPid(app.dataDir, machineId)).not.toBeNull();
    expect((await agent.must('get_screen_size')).structured).toMatchObject({
      width: small.width,
      height: small.height,
    });
    expect(await agent.shell('uname -s; whoami')).toBe('Linux\nagent\n');
    first = await facts();
    const png = (await agent.must('take_screenshot')).png!;
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([small.width, small.height]);
    place = await typedTerminal(agent);
    await agent.must('click', place);
    await agent.must('type_text', { text: 'the agent typed this: ~@#" 漢字\n' });
    await expect.poll(() => agent.shell('cat /tmp/typed')).toBe('the agent typed this: ~@#" 漢字\n');
  });

  test('its process holds nothing of the app’s, which it outlives', async () => {
    const pid = await qemuPidOf(app, id);
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    expect(open.length).toBeGreaterThan(5);
    expect(open.filter((path) => /electron|chromium|\.pak$/i.test(path))).toEqual([]);
    // What is left are its own: the app's own pipes and sockets have the same numbers in the app.
    const ours = new Set(
      readdirSync(`/proc/${app.electron.process().pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${app.electron.process().pid}/fd/${fd}`)];
        } catch {
          return [];
        }
      }),
    );
    expect(open.filter((path) => /^(pipe|socket):/.test(path) && ours.has(path))).toEqual([]);
  });

  test('the window shows it live', async () => {
    await view.open(id);
    await view.says('1024 × 768');
    const before = await view.pixels();
    await agent.must('type_text', { text: 'one more line, seen live\n' });
    await expect.poll(() => view.pixels()).not.toBe(before);
    await view.says('Agent is acting');
  });

  test('a person takes the wheel and types, as a file proves; the agent is refused meanwhile', async () => {
    await view.takeControl();
    expect(await agent.call('click', { x: 5, y: 5 })).toMatchObject({
      isError: true,
      structured: { code: 'control_held' },
    });
    await view.clickGuest(place.x, place.y, small);
    await view.typeKeys('Hello from a Person, 42 + ~@#"\n');
    await app.page.keyboard.press('Control+d');
    const waiting = agent.call('await_control', { timeoutMs: 20_000 });
    await view.handBackWith('I typed a line. Go on.');
    expect((await waiting).text).toContain('I typed a line. Go on.');
    await expect.poll(() => agent.shell('tail -n 1 /tmp/typed')).toBe('Hello from a Person, 42 + ~@#"\n');
  });

  test('what the machine says on its console is to be read in the session', async () => {
    const lines = await app.invoke('sessions.consoleLog', { sessionId: id, lines: 200 });
    expect(lines.length).toBeGreaterThan(0);
  });

  test('released, it is thrown away: the next session has a clean machine with an identity of its own', async () => {
    await agent.shell('echo secret > ~/canary; echo secret > /tmp/canary');
    await agent.must('end_session', { sessionId: id });
    await expect.poll(() => qemuPid(app.dataDir, machineId), { timeout: 20_000 }).toBeNull();
    await readyOnQemu(app);
    id = String((await agent.must('start_session', { name: 'The next one' })).structured.sessionId);
    const session = await app.invoke('sessions.get', { sessionId: id });
    expect(session.machineId).not.toBe(machineId);
    expect(await agent.shell('ls ~/canary /tmp/canary /tmp/typed 2>/dev/null; true')).toBe('');
    const next = await facts();
    for (const name of ['machine', 'boot', 'random'] as const) {
      expect(next[name].trim()).not.toBe('');
      expect(next[name], name).not.toBe(first[name]);
    }
  });

  test('a QEMU process that is killed: the window says so, the agent reads why, the pool is whole again', async () => {
    await view.open(id);
    await readyOnQemu(app);
    process.kill(await qemuPidOf(app, id), 'SIGKILL');
    await view.says('The desktop is gone');
    const session = await app.invoke('sessions.get', { sessionId: id });
    expect(session.status).toBe('failed');
    expect(session.reason).toMatch(/ended|killed|SIGKILL/);
    const answer = await agent.call('take_screenshot', { sessionId: id });
    expect(answer).toMatchObject({ isError: true, structured: { code: 'session_gone' } });
    await readyOnQemu(app);
    const again = await agent.must('start_session', { name: 'After the fall' });
    expect(await agent.shell('echo fine')).toBe('fine\n');
    await agent.must('end_session', { sessionId: String(again.structured.sessionId) });
  });

  test('switched back, its machines are containers again', async () => {
    await pools.open('desktop');
    await app.page.getByRole('button', { name: 'Edit…' }).click();
    await pools.chooseBackend('Docker');
    await pools.press('Save');
    await pools.ready(1);
    await expect.poll(() => qemuPidsOf(app.dataDir), { timeout: 20_000 }).toEqual([]);
    expect(await containersOf(app.dataDir)).not.toEqual([]);
  });
});

test.describe('the app dies with a session on QEMU', () => {
  let app: TestApp;
  let dataDir = '';

  test.afterAll(async () => {
    await app?.close();
    if (dataDir === '') return;
    await endOurs(dataDir);
    await rm(dataDir, { recursive: true, force: true });
  });

  test('kill -9 and a new start: the same session on the same process, which never stopped', async () => {
    test.setTimeout(300_000);
    app = await TestApp.launch();
    ({ dataDir } = app);
    await onQemu(app);
    const { secret } = await app.invoke('tokens.create', { name: 'survivor', poolId: 'desktop' });
    const agent = await TestAgent.connect(await app.url(), secret, 'survivor');
    const id = String((await agent.must('start_session', { name: 'Survivor' })).structured.sessionId);
    const place = await typedTerminal(agent);
    await agent.shell('echo kept > ~/kept');
    const pid = await qemuPidOf(app, id);
    await app.kill();
    await agent.close().catch(() => undefined);
    app = await TestApp.launch({ dataDir });
    await expect
      .poll(async () => (await app.invoke('sessions.list', { live: true, limit: 10 })).data.length, { timeout: 30_000 })
      .toBe(1);
    expect(await app.invoke('sessions.get', { sessionId: id })).toMatchObject({ name: 'Survivor', status: 'active' });
    expect(await qemuPidOf(app, id)).toBe(pid);
    const back = await TestAgent.connect(await app.url(), secret, 'survivor');
    expect(await back.shell('cat ~/kept')).toBe('kept\n');
    const view = new SessionPage(app.page);
    await view.open(id);
    const before = await view.pixels();
    await back.must('click', place);
    await back.must('type_text', { text: 'still here\n' });
    await expect.poll(() => view.pixels()).not.toBe(before);
    await expect.poll(() => back.shell('cat /tmp/typed')).toBe('still here\n');
    await back.must('end_session');
    await back.close();
  });

  test('nothing of it stays behind when the app is closed in order', async () => {
    await app.close();
    expect(await qemuPidsOf(dataDir)).toEqual([]);
  });
});
