import { userInfo } from 'node:os';
import { expect, test } from '@playwright/test';
import { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { containersOf, docker, removeOurs } from '../harness/docker';
import { SessionPage } from '../pages/sessionPage';
import { rm } from 'node:fs/promises';

/** What breaks breaks alone, is said in words, and mends itself. */
test.describe.configure({ mode: 'serial' });

interface Desk {
  agent: TestAgent;
  id: string;
}
const start = async (app: TestApp, name: string): Promise<Desk> => {
  const agent = await app.agent(name);
  return { agent, id: String((await agent.must('start_session', { name })).structured.sessionId) };
};
/** A tile of the wall by the session's name. */
const tile = (app: TestApp, name: string) => app.page.getByRole('link', { name: new RegExp(`^${name},`) });
/** Which version of its picture a tile shows. */
const version = (app: TestApp, name: string) =>
  tile(app, name)
    .locator('img')
    .getAttribute('src')
    .catch(() => null);

test.describe('machines that fail', () => {
  let app: TestApp;
  let view: SessionPage;
  let good: Desk;
  let bad: Desk;
  let frozen: Desk;

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    good = await start(app, 'Good');
    bad = await start(app, 'Bad');
    frozen = await start(app, 'Frozen');
    await good.agent.must('launch_application', {
      path: '/usr/bin/xterm',
      args: ['-e', 'while :; do date +%N; sleep 0.2; done'],
    });
  });
  test.afterAll(async () => {
    const paused = frozen && (await app.container(frozen.id).catch(() => ''));
    if (paused) await docker('unpause', paused).catch(() => undefined);
    // One whose call still waits says so as it is closed; the app is to end all the same.
    for (const desk of [good, bad, frozen]) await desk?.agent.close().catch(() => undefined);
    await app?.close();
  });

  test('a container that is killed: the window says so and why, and keeps the last picture', async () => {
    await view.open(bad.id);
    const container = await app.container(bad.id);
    await docker('kill', container);
    await view.says('The desktop is gone');
    await view.says(/exited with code 137/);
    await expect(view.take()).toHaveCount(0);
    await expect(app.page.getByRole('button', { name: 'End…' })).toHaveCount(0);
    expect(await app.invoke('sessions.get', { sessionId: bad.id })).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('exited with code 137'),
    });
    // What was on the screen last is still to be seen.
    await expect
      .poll(() =>
        app.page.evaluate(() =>
          [...document.querySelectorAll('canvas')].some((canvas) => {
            const box = canvas.getBoundingClientRect();
            return canvas.width === 1280 && box.width > 200;
          }),
        ),
      )
      .toBe(true);
  });

  test('its agent reads that it is gone and why, and what to do', async () => {
    const answer = await bad.agent.call('take_screenshot', { sessionId: bad.id });
    expect(answer).toMatchObject({ isError: true, structured: { code: 'session_gone' } });
    expect(answer.text).toMatch(/exited with code 137/);
    const again = await bad.agent.must('start_session', { name: 'Bad again' });
    expect(again.structured.sessionId).not.toBe(bad.id);
    expect(await bad.agent.shell('echo fine')).toBe('fine\n');
    await bad.agent.must('end_session');
  });

  test('the pool is whole again, with the broken machine set aside and named', async () => {
    await expect
      .poll(async () => (await app.invoke('pools.list', {}))[0]!.observed.machines.ready, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(2);
    await app.go('/pools');
    await expect(app.page.getByRole('region', { name: 'Conditions' })).toContainText('A machine needs a look');
    const row = app.page
      .getByRole('region', { name: 'All machines' })
      .locator('tbody tr')
      .filter({ hasText: 'Quarantined' });
    await expect(row).toContainText('Dead');
    await row.getByRole('button', { name: /^Look at/ }).click();
    await expect(app.page.getByRole('dialog')).toContainText(/exited with code 137/);
    await expect(app.page.getByRole('dialog').getByRole('link', { name: /Bad|^[0-9a-f-]{8,}/ })).toBeVisible();
    await app.page.keyboard.press('Escape');
  });

  test('a guest that is frozen from outside stands still alone: a person is called, and let go on it goes on', async () => {
    const { machineId } = await app.invoke('sessions.get', { sessionId: frozen.id });
    const call = async () =>
      (await app.invoke('attention.list', {})).findLast((each) => each.title.includes(String(machineId)));
    await app.go('/wall');
    await expect(tile(app, 'Good').locator('img')).toBeVisible();
    const container = await app.container(frozen.id);
    await docker('pause', container);
    const waiting = frozen.agent.call('execute_shell_command', { command: 'echo late' });
    // While it hangs, its neighbour's picture moves and its agent is served.
    const seen = new Set<string | null>();
    await expect
      .poll(
        async () => {
          expect(await good.agent.shell('echo served')).toBe('served\n');
          return seen.add(await version(app, 'Good')).size;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(3);
    await expect.poll(async () => (await call())?.state, { timeout: 30_000 }).toBe('waiting');
    await docker('unpause', container);
    // What became of the call that hung is its agent's to read; the session is as it was.
    await waiting;
    await expect
      .poll(async () => (await frozen.agent.call('execute_shell_command', { command: 'echo back' })).isError, {
        timeout: 30_000,
      })
      .toBe(false);
    await expect.poll(async () => (await call())?.state ?? 'over', { timeout: 30_000 }).not.toBe('waiting');
    for (const { id } of [frozen, good])
      expect((await app.invoke('sessions.get', { sessionId: id })).status).toBe('active');
  });
});

test.describe('the app dies under a person’s hands', () => {
  const me = userInfo().username;
  let app: TestApp;
  let dataDir = '';
  let secret = '';
  let id = '';
  let container = '';

  test.afterAll(async () => {
    await app?.close();
    if (dataDir) await removeOurs(dataDir);
    if (dataDir) await rm(dataDir, { recursive: true, force: true });
  });

  const hold = async () => {
    const view = new SessionPage(app.page);
    await view.open(id);
    await view.takeControl();
    await view.clickGuest(640, 300);
    return view;
  };

  test('kill -9 and a new start: the same session on the same container, paused with grace for who held it', async () => {
    app = await TestApp.launch();
    dataDir = app.dataDir;
    ({ secret } = await app.invoke('tokens.create', { name: 'survivor', poolId: 'desktop' }));
    const agent = await TestAgent.connect(await app.url(), secret, 'survivor');
    id = String((await agent.must('start_session', { name: 'Survivor' })).structured.sessionId);
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-e', 'cat > /tmp/typed'] });
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toBe('');
    container = await app.container(id);
    const view = await hold();
    await view.typeKeys('before\n');
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toBe('before\n');
    const { epoch } = (await app.invoke('sessions.get', { sessionId: id })).control;
    await app.kill();
    await agent.close().catch(() => undefined);
    app = await TestApp.launch({ dataDir });
    await expect.poll(async () => (await app.invoke('sessions.list', { live: true, limit: 10 })).data.length).toBe(1);
    const session = await app.invoke('sessions.get', { sessionId: id });
    expect(session).toMatchObject({ sessionId: id, name: 'Survivor', status: 'active' });
    expect(await app.container(id)).toBe(container);
    expect(session.control).toMatchObject({ kind: 'paused', holder: me, lapseReason: 'grace' });
    expect(session.control.epoch).toBeGreaterThan(epoch);
    // Nobody slips in meanwhile.
    const back = await TestAgent.connect(await app.url(), secret, 'survivor');
    expect(await back.call('click', { x: 5, y: 5 })).toMatchObject({
      isError: true,
      structured: { code: 'control_paused' },
    });
    await back.close();
  });

  test('whoever held it opens the session and has the wheel again, unasked; keys work', async () => {
    const view = new SessionPage(app.page);
    await view.open(id);
    await view.says('You have the wheel');
    await view.clickGuest(640, 300);
    await view.typeKeys('after\n');
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toBe('before\nafter\n');
  });

  test('killed again: it can be handed back from the pause, and the agent goes on with the note', async () => {
    await app.kill();
    app = await TestApp.launch({ dataDir });
    await expect.poll(async () => (await app.invoke('sessions.list', { live: true, limit: 10 })).data.length).toBe(1);
    await app.go('/wall');
    await expect(tile(app, 'Survivor')).toContainText('Paused');
    const agent = await TestAgent.connect(await app.url(), secret, 'survivor');
    const control = await app.invoke('control.act', {
      sessionId: id,
      request: { action: 'release', note: 'Power cut. Go on.' },
    });
    expect(['handback', 'agent']).toContain(control.kind);
    const answer = await agent.must('await_control', { timeoutMs: 20_000 });
    expect(answer.text).toContain('Power cut. Go on.');
    expect((await agent.call('click', { x: 5, y: 5 })).isError).toBe(false);
    expect(await app.guestFile(id, '/tmp/typed')).toBe('before\nafter\n');
    // The record tells it all in one story.
    const page = await app.invoke('timeline.list', { sessionId: id, limit: 200 });
    expect(page.data.map((action) => action.words).join('\n')).toMatch(/started again: \*\*.*\*\*'s hold is paused/);
    await agent.must('end_session');
    await agent.close();
  });

  test('nothing of it stays behind when the app is closed in order', async () => {
    await app.close();
    expect(await containersOf(dataDir)).toEqual([]);
  });
});
