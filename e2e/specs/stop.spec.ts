import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { docker } from '../harness/docker';
import { SessionPage } from '../pages/sessionPage';

/** Pause stops the processors of one session, the red button those of all: nothing inside moves, and nothing is lost. */
test.describe.configure({ mode: 'serial' });

test.describe('stopping', () => {
  let app: TestApp;
  let view: SessionPage;
  const desks: { agent: TestAgent; id: string; name: string }[] = [];
  const banner = () => app.page.getByRole('region', { name: 'Everything is stopped' });
  const bar = () => app.page.getByRole('group', { name: 'Control' });
  const press = (name: string) => bar().getByRole('button', { name, exact: true }).click();
  /** What the engine says, which knows nothing of us. */
  const engine = async (id: string) =>
    (await docker('inspect', '--format', '{{.State.Status}}', await app.container(id))).trim();

  /** The counter in the guest counts on, by its own file. */
  const counts = async (agent: TestAgent) => {
    const at = async () => Number(await agent.shell('cat /tmp/count'));
    const before = await at();
    await expect.poll(at).toBeGreaterThan(before);
  };
  /** The picture in the window moves, or stands as still as the counter in it. */
  const moves = async () => {
    const before = await view.pixels();
    await expect.poll(() => view.pixels()).not.toBe(before);
  };
  const standsStill = async () => {
    // What was drawn before the stop may still be on its way.
    await expect
      .poll(async () => {
        const before = await view.pixels();
        await app.page.waitForTimeout(1000);
        return (await view.pixels()) === before;
      })
      .toBe(true);
    const before = await view.pixels();
    await app.page.waitForTimeout(1500);
    expect(await view.pixels()).toBe(before);
  };
  const refused = async (agent: TestAgent) => {
    const click = await agent.call('click', { x: 5, y: 5 });
    expect(click).toMatchObject({ isError: true, structured: { code: 'control_paused' } });
    expect(click.text).toMatch(/paused|stopped/i);
    expect(click.text).toContain('await_control');
    expect(await agent.call('execute_shell_command', { command: 'date' })).toMatchObject({
      isError: true,
      structured: { code: 'control_paused' },
    });
  };

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    for (const name of ['First', 'Second']) {
      const agent = await app.agent(name.toLowerCase());
      const id = String((await agent.must('start_session', { name })).structured.sessionId);
      desks.push({ agent, id, name });
      const count = 'n=0; while :; do n=$((n+1)); echo $n | tee /tmp/count; sleep 0.1; done';
      await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-e', count] });
      await counts(agent);
    }
    await view.open(desks[0]!.id);
  });
  test.afterAll(async () => {
    for (const { agent } of desks) await agent.close();
    await app?.close();
  });

  test('Pause stops the processors: a counter inside stands still', async () => {
    const [{ agent, id }, other] = desks as [(typeof desks)[0], (typeof desks)[0]];
    await moves();
    await press('Pause');
    await view.says(/Stopped by you/);
    expect(await engine(id)).toBe('paused');
    expect((await app.invoke('sessions.get', { sessionId: id })).frozen).toBe(true);
    await standsStill();
    // The neighbour is not touched.
    expect(await engine(other.id)).toBe('running');
    await counts(other.agent);
    await refused(agent);
  });

  test('the agent may look meanwhile, and sees what was there last', async () => {
    const answer = await desks[0]!.agent.call('take_screenshot');
    expect(answer.isError).toBe(false);
    expect(answer.png?.subarray(1, 4).toString()).toBe('PNG');
  });

  test('a stopped desktop is not taken for a broken one', async () => {
    const { id } = desks[0]!;
    // Longer than three health checks take to give a hung guest up.
    await app.page.waitForTimeout(20_000);
    expect(await app.invoke('sessions.get', { sessionId: id })).toMatchObject({ status: 'active', frozen: true });
    expect(await engine(id)).toBe('paused');
  });

  test('it goes on where it stood, and the agent with it', async () => {
    const { agent, id } = desks[0]!;
    const waiting = agent.call('await_control', { timeoutMs: 20_000 });
    await press('Go on');
    expect((await waiting).isError).toBe(false);
    await view.says('Agent is acting');
    expect(await engine(id)).toBe('running');
    await moves();
    await counts(agent);
  });

  test('a person who takes the wheel of a stopped desktop lets it go on', async () => {
    const { agent, id } = desks[0]!;
    await press('Pause');
    await view.says(/Stopped by you/);
    await view.takeControl();
    expect(await engine(id)).toBe('running');
    await moves();
    await view.handBackWith('I only looked.');
    await view.says('Agent is acting');
    expect((await agent.must('take_screenshot')).text).toContain('I only looked.');
  });

  test('stop everything: every desktop stands, the whole app says so, every agent is told', async () => {
    await app.go('/wall');
    await app.page.getByRole('button', { name: 'Stop everything' }).click();
    await expect(banner()).toContainText('2 sessions stand still');
    for (const { agent, id } of desks) {
      expect(await engine(id)).toBe('paused');
      await refused(agent);
    }
    // In every view.
    for (const path of ['/pools', '/attention', `/session/${desks[1]!.id}`]) {
      await app.go(path);
      await expect(banner()).toBeVisible();
    }
    // A stopped desktop has no line to its screen: what it showed last is there, and is no failure.
    await view.says(/Stopped/);
    await expect
      .poll(() => view.placeholder().evaluate((image) => (image as HTMLImageElement).naturalWidth))
      .toBeGreaterThan(100);
    await app.page.waitForTimeout(2000);
    await expect(app.page.getByText('No connection to the screen')).toHaveCount(0);
  });

  test('let all go on: they do, and the banner goes', async () => {
    await banner().getByRole('button', { name: 'Let all go on' }).click();
    await expect(banner()).toHaveCount(0);
    await view.live();
    await moves();
    for (const { agent, id } of desks) {
      expect(await engine(id)).toBe('running');
      await agent.must('await_control', { timeoutMs: 20_000 });
      await counts(agent);
    }
  });

  test('by the keyboard too, from inside a desktop; what a person paused before stays paused', async () => {
    const [first, second] = desks as [(typeof desks)[0], (typeof desks)[0]];
    await view.open(first.id);
    await press('Pause');
    await view.says(/Stopped by you/);
    await view.open(second.id);
    await view.takeControl();
    await view.clickGuest(640, 300);
    await app.page.keyboard.press('Control+Shift+Period');
    await expect(banner()).toBeVisible();
    expect(await engine(second.id)).toBe('paused');
    await banner().getByRole('button', { name: 'Let all go on' }).click();
    await expect.poll(() => engine(second.id)).toBe('running');
    // Each as it was: one with the person who had the wheel, one still stopped by them.
    await view.says('You have the wheel');
    expect(await engine(first.id)).toBe('paused');
    await view.handBackWith('');
    await view.openStill(first.id);
    await press('Go on');
    await view.says('Agent is acting');
    await view.live();
  });

  test('a stopped session can be ended, and its pool is whole again', async () => {
    const { agent, id } = desks[0]!;
    await press('Pause');
    await view.says(/Stopped by you/);
    const { machineId } = await app.invoke('sessions.get', { sessionId: id });
    await app.invoke('sessions.release', { sessionId: id });
    await expect.poll(() => docker('ps', '-aq', '--filter', `label=dev.wheelhouse.machine=${machineId}`)).toBe('');
    await expect
      .poll(async () => (await app.invoke('pools.list', {}))[0]!.observed.machines.ready, { timeout: 30_000 })
      .toBeGreaterThanOrEqual(1);
    expect(await agent.call('take_screenshot', { sessionId: id })).toMatchObject({
      isError: true,
      structured: { code: 'session_gone' },
    });
  });
});
