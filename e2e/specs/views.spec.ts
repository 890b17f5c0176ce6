import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { lookAtIt, resize, setTheme } from '../harness/pictures';
import { readyOnQemu, small } from '../harness/qemu';
import { CheckpointsPage } from '../pages/checkpointsPage';
import { PoolsPage } from '../pages/poolsPage';
import { SessionPage } from '../pages/sessionPage';

/** Every view in both themes and two sizes: a picture for docs/screens, and nothing for axe to find. */

test.describe.configure({ mode: 'default' });

test.describe('every view', () => {
  let app: TestApp;
  const agents: TestAgent[] = [];
  let view: SessionPage;
  let sessionId = '';
  let machines = '';

  const start = async (name: string, client: string): Promise<{ agent: TestAgent; id: string }> => {
    const agent = await app.agent(client);
    agents.push(agent);
    return { agent, id: String((await agent.must('start_session', { name })).structured.sessionId) };
  };

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
  });
  test.afterAll(async () => {
    for (const agent of agents) await agent.close();
    await app?.close();
  });

  test('first run', async () => {
    await app.go('/first-run');
    await expect(app.page.getByText('What is on this computer')).toBeVisible();
    await expect.poll(async () => (await app.invoke('setup.status', {})).ready).toBe(true);
    await lookAtIt(app, 'first-run');
  });

  test('an empty wall', async () => {
    await app.go('/wall');
    await expect(app.page.getByText('No sessions yet')).toBeVisible();
    await lookAtIt(app, 'wall-empty');
  });

  test('a session in which an agent acts', async () => {
    const { agent, id } = await start('Orders of week 47', 'Clerk');
    sessionId = id;
    await view.open(id);
    const site = (await agent.shell('shop-floor')).trim().split('\n').at(-1) ?? '';
    expect(site).toMatch(/^http:\/\/127\.0\.0\.1/);
    await agent.must('launch_application', { path: '/usr/bin/chromium', args: ['--start-maximized', site] });
    await expect
      .poll(async () => JSON.stringify((await agent.must('list_windows')).structured), { timeout: 30_000 })
      .toMatch(/shop|order/i);
    await agent.must('take_screenshot');
    await agent.must('click', { x: 420, y: 360 });
    await agent.must('press_keys', { keys: ['ctrl', 'f'] });
    await agent.must('type_text', { text: 'Late' });
    await agent.must('take_screenshot');
    await agent.must('press_keys', { keys: ['esc'] });
    await agent.must('scroll', { x: 640, y: 500, deltaY: 2 });
    await agent.must('click', { x: 300, y: 420 });
    await agent.must('take_screenshot');
    await view.says('Agent is acting');
    await lookAtIt(app, 'session-agent');
  });

  test('a wall with sessions', async () => {
    for (const [name, client] of [
      ['Label sizes', 'Heron'],
      ['Week 47 notes', 'Claude Code'],
    ] as const) {
      const { agent } = await start(name, client);
      await agent.must('launch_application', { path: client === 'Heron' ? '/usr/bin/xterm' : '/usr/bin/mousepad' });
      await expect
        .poll(async () => JSON.stringify((await agent.must('list_windows')).structured), { timeout: 30_000 })
        .toMatch(/mousepad|xterm|agent/i);
      await agent.must('wait_milliseconds', { ms: 500 });
      await agent.must('type_text', {
        text: client === 'Heron' ? 'ls -la /usr/share/fonts\n' : 'Notes of week 47\n\n- 漢字 and Привет\n',
      });
    }
    await app.go('/wall');
    await expect(app.page.getByText('Label sizes').first()).toBeVisible();
    await app.page.waitForTimeout(2500);
    await lookAtIt(app, 'wall');
  });

  test('a call for help', async () => {
    const [agent] = agents;
    void agent!.call('request_human', { why: 'The page asks for a code that only a person gets.', urgency: 'now' });
    await app.go('/attention');
    await expect(app.page.getByText('The page asks for a code').first()).toBeVisible();
    await app.page.waitForTimeout(1500);
    await lookAtIt(app, 'attention');
    await app.go(`/session/${sessionId}`);
    await view.live();
    await view.says('Agent needs help');
    await lookAtIt(app, 'session-help');
  });

  test('a person has the wheel, and hands back', async () => {
    await view.takeControl();
    await lookAtIt(app, 'session-human');
    await view.handBack().first().click();
    await app.page
      .getByRole('dialog')
      .getByRole('textbox')
      .fill('Signed in with the code. The orders of page 2 are open.');
    await lookAtIt(app, 'session-handback');
    await app.page.getByRole('dialog').getByRole('textbox').press('Control+Enter');
    await view.says('Agent is acting');
  });

  test('pools', async () => {
    await app.go('/pools');
    await expect(app.page.getByRole('heading', { name: 'Desktop' }).first()).toBeVisible();
    await lookAtIt(app, 'pools');
    await app.page.getByRole('button', { name: 'Create pool' }).click();
    await lookAtIt(app, 'pools-create');
    await app.page.keyboard.press('Escape');
  });

  test('connect an agent', async () => {
    await app.go('/wall');
    await app.page.keyboard.press('Control+k');
    await expect(app.page.getByRole('dialog')).toBeVisible();
    await lookAtIt(app, 'palette');
    await app.page.keyboard.type('Connect');
    await app.page.keyboard.press('Enter');
    await expect(app.page.getByRole('heading', { name: 'Connect an agent' })).toBeVisible();
    await lookAtIt(app, 'connect');
    await app.page.keyboard.press('Escape');
  });

  test('what Wheelhouse stands on', async () => {
    await app.go('/diagnostics');
    await expect(app.page.getByRole('heading', { name: 'QEMU', exact: true }).first()).toBeVisible();
    await lookAtIt(app, 'diagnostics');
  });

  test('a pool on QEMU, and its dialog', async () => {
    test.setTimeout(300_000);
    const pools = new PoolsPage(app.page);
    const pool = await app.invoke('pools.create', {
      displayName: 'Machines',
      description: 'Untrusted work, with a way back',
      backend: 'qemu',
      size: small,
      warm: { minimum: 1, maximum: 3 },
    });
    machines = pool.id;
    await readyOnQemu(app, pool.id);
    await pools.open(pool.id);
    await expect(pools.item('Machines')).toContainText('Works');
    await lookAtIt(app, 'pools-qemu');
    await app.page.getByRole('button', { name: 'Edit…' }).click();
    await pools.unfold('Checkpoints');
    await expect(pools.dialog().getByText('Before a person takes control')).toBeVisible();
    await lookAtIt(app, 'pools-edit-qemu');
    await app.page.keyboard.press('Escape');
  });

  test('a session with checkpoints, and going back to one', async () => {
    const agent = await app.agent('Clerk', machines);
    agents.push(agent);
    const id = String((await agent.must('start_session', { name: 'Labels, second try' })).structured.sessionId);
    const moments = new CheckpointsPage(app.page);
    await view.open(id);
    await agent.must('launch_application', { path: '/usr/bin/mousepad' });
    await expect
      .poll(async () => JSON.stringify((await agent.must('list_windows')).structured), { timeout: 30_000 })
      .toMatch(/mousepad/i);
    await agent.must('checkpoint_create', { name: 'Editor open' });
    await agent.must('click', { x: 400, y: 300 });
    await agent.must('type_text', { text: 'Labels of week 47\n' });
    await moments.save('First label written');
    await agent.must('type_text', { text: 'Wrong size, all of them\n' });
    await agent.must('take_screenshot');
    await lookAtIt(app, 'session-checkpoints');
    await moments
      .row('First label written')
      .getByRole('button', { name: /^Rewind to/ })
      .click();
    await expect(moments.dialog()).toBeVisible();
    await lookAtIt(app, 'session-rewind');
    await app.page.keyboard.press('Escape');
    await moments.rewind('First label written');
    await view.says('Agent is acting');
    await app.page.getByRole('tab', { name: 'Timeline' }).click();
    await lookAtIt(app, 'session-rewound');
  });

  test('everything stopped', async () => {
    const banner = app.page.getByRole('region', { name: 'Everything is stopped' });
    await app.invoke('control.stopAll', {});
    await expect(banner).toBeVisible();
    await view.says(/Stopped/);
    await lookAtIt(app, 'session-stopped');
    await app.go('/wall');
    await lookAtIt(app, 'wall-stopped');
    await banner.getByRole('button', { name: 'Let all go on' }).click();
    await expect(banner).toHaveCount(0);
  });

  test('the gallery of components', async () => {
    await app.go('/gallery');
    await lookAtIt(app, 'gallery');
  });

  test('the smallest window', async () => {
    await app.go(`/session/${sessionId}`);
    await resize(app, { width: 1024, height: 700 });
    await setTheme(app, 'dark');
    await view.live();
    await expect(view.take()).toContainText('Take control');
    await app.page.waitForTimeout(300);
    await app.page.screenshot({ path: 'docs/screens/session-min-dark-1024.png' });
  });
});
