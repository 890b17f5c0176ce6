import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { containerOf, removeOurs } from '../harness/docker';
import { lookAtIt } from '../harness/pictures';
import { PoolsPage } from '../pages/poolsPage';
import { SessionPage } from '../pages/sessionPage';

/** A session that nobody uses gives its machine back, and comes back to the same ids with its files. */
test.describe.configure({ mode: 'serial' });

test.describe('suspended sessions', () => {
  let app: TestApp;
  let view: SessionPage;
  let agent: TestAgent;
  let id = '';
  let homeId = '';
  const session = () => app.invoke('sessions.get', { sessionId: id });
  const status = async () => (await session()).status;
  const menu = () => app.page.getByRole('button', { name: 'More for this session' });
  const tile = () => app.page.locator(`[data-session="${id}"]`);
  const suspend = async () => {
    await menu().click();
    await app.page.getByRole('menuitem', { name: /^Suspend/ }).click();
    await expect(app.page.getByRole('heading', { name: /^Suspended since/ })).toBeVisible({ timeout: 30_000 });
  };

  test.beforeAll(async () => {
    test.setTimeout(120_000);
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    await new PoolsPage(app.page).open('desktop');
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('a pool is told in its dialog to suspend instead of releasing', async () => {
    const pools = new PoolsPage(app.page);
    await pools.ready(2);
    await app.page.getByRole('button', { name: 'Edit…' }).click();
    await pools.unfold('When nobody uses it', 'Homes', 'What a request may choose');
    await expect(pools.field('Released when idle for')).toHaveValue('30');
    await pools.choose('An idle session is', 'Suspended');
    await expect(pools.field('Suspended when idle for')).toHaveValue('15');
    await expect(pools.dialog().getByText('open programs are closed')).toBeVisible();
    await expect(pools.dialog().getByRole('button', { name: 'The whole machine' })).toBeDisabled();
    await expect(pools.field('Quota of a home')).toBeVisible();
    await pools.fill({ 'Quota of a home': '0' });
    await expect(pools.dialog().getByText('Between 1 and 1048576')).toBeVisible();
    await pools.fill({ 'Quota of a home': '512' });
    await lookAtIt(app, 'pools-life');
    await pools.press('Save');
    const [pool] = await app.invoke('pools.list', {});
    expect(pool).toMatchObject({
      idle: { policy: 'suspend', afterSeconds: 900 },
      home: { policy: 'none', quotaMiB: 512, expiresAfterDays: 30 },
    });
  });

  test('its sessions have a home, and the details say so', async () => {
    agent = await app.agent('sleeper');
    id = String((await agent.must('start_session', { name: 'Long wait' })).structured.sessionId);
    await agent.shell('echo kept > ~/kept.txt; echo lost > /tmp/lost.txt');
    await agent.must('launch_application', { path: '/usr/bin/mousepad' });
    await view.open(id);
    homeId = (await session()).home?.homeId ?? '';
    expect(homeId).not.toBe('');
    await app.page.getByRole('tab', { name: 'Details' }).click();
    await expect(app.page.getByText(homeId)).toBeVisible();
    await expect(app.page.getByText('Suspended when idle')).toBeVisible();
    await app.page.getByRole('tab', { name: 'Screen' }).click();
  });

  test('while a person has the wheel it can’t be suspended, and says why', async () => {
    await view.takeControl();
    await menu().click();
    const item = app.page.getByRole('menuitem', { name: /^Suspend/ });
    await expect(item).toHaveAttribute('aria-disabled', 'true');
    await expect(item).toContainText('A person has the wheel');
    await app.page.keyboard.press('Escape');
    await view.handBackWith('');
    await agent.must('take_screenshot');
  });

  test('suspended from its menu: the machine goes, the last picture and the timeline stay', async () => {
    const { machineId } = await session();
    await suspend();
    expect(await session()).toMatchObject({ status: 'idle', machineId: null, home: { homeId } });
    await expect.poll(() => containerOf(String(machineId)), { timeout: 30_000 }).toBe('');
    await view.says('Suspended');
    await expect(view.placeholder().or(app.page.locator('canvas[data-dim]')).first()).toBeVisible();
    await expect(view.screen()).not.toHaveAttribute('data-live', /.*/);
    await expect(app.page.getByText('mousepad').first()).toBeVisible();
    await lookAtIt(app, 'session-suspended');
  });

  test('looking does not wake it: the wall says since when, details tell its home', async () => {
    await app.go('/wall');
    await expect(tile()).toContainText('Suspended');
    await expect(tile()).toContainText(/since \d\d:\d\d/);
    await expect(tile().locator('img')).toBeVisible();
    await lookAtIt(app, 'wall-suspended');
    await tile().click();
    await expect(app.page.getByRole('heading', { name: /^Suspended since/ })).toBeVisible();
    await app.page.getByRole('tab', { name: 'Details' }).click();
    await expect(app.page.getByText('Suspended since', { exact: true })).toBeVisible();
    await expect(app.page.getByText(/^in (30|29) days$/)).toBeVisible();
    await app.page.getByRole('tab', { name: 'Screen' }).click();
    expect(await status()).toBe('idle');
  });

  test('the agent’s next call resumes it, with its files, and the screen comes back by itself', async () => {
    expect(await agent.shell('cat ~/kept.txt')).toBe('kept\n');
    await view.live();
    await expect(app.page.getByRole('heading', { name: /^Suspended since/ })).toHaveCount(0);
    expect(await agent.shell('cat /tmp/lost.txt 2>/dev/null; true')).toBe('');
    const now = await session();
    expect(now).toMatchObject({ status: 'active', sessionId: id, home: { homeId } });
    expect(now.machineId).not.toBeNull();
    await view.says('Agent is acting');
  });

  test('a person resumes it by the large button', async () => {
    await suspend();
    await app.page.getByRole('button', { name: 'Resume', exact: true }).click();
    await view.live();
    expect(await status()).toBe('active');
    expect(await agent.shell('cat ~/kept.txt')).toBe('kept\n');
  });

  test('from the keyboard alone: the palette suspends it and brings it back', async () => {
    const order = async (words: string) => {
      await app.page.keyboard.press('Control+k');
      await expect(app.page.getByRole('dialog')).toBeVisible();
      await app.page.keyboard.type(words);
      await app.page.keyboard.press('Enter');
    };
    await order('Suspend this session');
    await expect(app.page.getByRole('heading', { name: /^Suspended since/ })).toBeVisible({ timeout: 30_000 });
    await order('Resume this session');
    await view.live();
    expect(await status()).toBe('active');
  });

  test('to take control resumes it first, and gives the wheel', async () => {
    await suspend();
    await view.take().click();
    await view.live();
    await view.says('You have the wheel');
    const { control } = await session();
    expect(control.kind).toBe('human');
    await view.handBackWith('I looked.');
    expect((await agent.must('take_screenshot')).text).toContain('I looked.');
  });

  test('ended while it is suspended it is simply over, and its home with it', async () => {
    await suspend();
    await app.page.getByRole('button', { name: /End/ }).first().click();
    await expect(app.page.getByRole('dialog')).toContainText('its home goes');
    await app.page.getByRole('dialog').getByRole('button', { name: 'End Long wait' }).click();
    await view.says('Session ended');
    expect(await status()).toBe('released');
    await expect
      .poll(async () => (await app.invoke('homes.list', {})).map((home) => home.homeId))
      .not.toContain(homeId);
    expect((await agent.call('take_screenshot', { sessionId: id })).isError).toBe(true);
  });
});

test.describe('by itself, and over a restart', () => {
  let app: TestApp;
  let agent: TestAgent;
  let dataDir = '';
  let id = '';
  let secret = '';
  const session = () => app.invoke('sessions.get', { sessionId: id });
  const tile = () => app.page.locator(`[data-session="${id}"]`);

  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
    if (dataDir) await removeOurs(dataDir);
    if (dataDir) await rm(dataDir, { recursive: true, force: true });
  });

  test('a session that nobody uses for as long as its pool says is suspended', async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'wh-e2e-'));
    app = await TestApp.launch({ dataDir });
    await app.invoke('pools.update', { id: 'desktop', patch: { idle: { policy: 'suspend', afterSeconds: 10 } } });
    ({ secret } = await app.invoke('tokens.create', { name: 'quiet', poolId: 'desktop' }));
    agent = await TestAgent.connect(await app.url(), secret, 'quiet');
    id = String((await agent.must('start_session', { name: 'Quiet' })).structured.sessionId);
    await agent.shell('echo kept > ~/kept.txt');
    await agent.must('take_screenshot');
    await app.go('/wall');
    await expect(tile()).toContainText('Suspended', { timeout: 60_000 });
    expect(await session()).toMatchObject({ status: 'idle', machineId: null });
  });

  test('killed and started again it is still suspended, with its last picture, and no machine for it', async () => {
    const { suspendedAt, home } = await session();
    await agent.close();
    await app.kill();
    app = await TestApp.launch({ dataDir });
    await app.go('/wall');
    await expect(tile()).toContainText('Suspended');
    await expect(tile().locator('img')).toBeVisible();
    expect(await session()).toMatchObject({ status: 'idle', suspendedAt, home, machineId: null });
  });

  test('the agent comes back to the same session and finds its files', async () => {
    agent = await TestAgent.connect(await app.url(), secret, 'quiet');
    const answer = await agent.must('execute_shell_command', { command: 'cat ~/kept.txt', sessionId: id });
    expect(answer.structured).toMatchObject({ stdout: 'kept\n' });
    expect((await session()).status).toBe('active');
    await expect(tile()).not.toContainText('Suspended');
    await app.invoke('sessions.release', { sessionId: id });
  });
});
