import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { containerOf } from '../harness/docker';
import { PoolsPage } from '../pages/poolsPage';
import { SessionPage } from '../pages/sessionPage';

/** A pool from its making to its end, through the window, with real machines behind it. */
test.describe.configure({ mode: 'serial' });

test.describe('pools', () => {
  let app: TestApp;
  let pools: PoolsPage;
  let poolId = '';
  const agents: TestAgent[] = [];
  const ask = (name: string) => app.page.getByRole('button', { name });

  /** As the broker has them, whatever the table was told so far. */
  const readyIds = async (): Promise<string[]> =>
    (await app.invoke('pools.machines', { id: poolId }))
      .filter((machine) => machine.state === 'ready')
      .map((machine) => machine.machineId);

  const agentOf = async (pool: string): Promise<TestAgent> => {
    const agent = await app.agent('pooled', pool);
    agents.push(agent);
    return agent;
  };

  test.beforeAll(async () => {
    app = await TestApp.launch();
    pools = new PoolsPage(app.page);
    // The machines under test are those of the pool that is made here.
    await app.invoke('pools.update', { id: 'desktop', patch: { warm: { minimum: 0, maximum: 8 } } });
    await pools.open();
  });
  test.afterAll(async () => {
    for (const agent of agents) await agent.close();
    await app?.close();
  });

  test('the dialog checks while one types and says what is wrong with each value', async () => {
    await ask('Create pool').click();
    const create = pools.dialog().getByRole('button', { name: 'Create pool', exact: true });
    await expect(create).toBeDisabled();
    const wrong: [string, string, string][] = [
      ['Name', 'Desktop', 'Another pool is called that'],
      ['Name', '  ', 'A name is needed'],
      ['Name', 'x'.repeat(61), 'At most 60 characters'],
      ['Kept warm', '', 'A number is needed'],
      ['Kept warm', '1.5', 'A whole number is needed'],
      ['Kept warm', '201', 'Between 0 and 200'],
      ['Kept warm', '9', 'Not more than at most'],
      ['At most', '0', 'Between 1 and 200'],
      ['Processors', 'two', 'A number is needed'],
      ['Memory', '10', 'Between 256 and 262144'],
      ['Screen width', '5000', 'Between 640 and 3840'],
      ['Screen height', '-1', 'Between 480 and 2160'],
      ['Released when idle for', '0', 'Between 0.17 and 44640'],
    ];
    const right: Record<string, string> = {
      Name: 'Second',
      'What it is for': 'Labels and lists',
      'Kept warm': '1',
      'At most': '3',
      Processors: '1',
      Memory: '1024',
      'Screen width': '1280',
      'Screen height': '800',
      'Released when idle for': '15',
    };
    await pools.unfold('When nobody uses it');
    await pools.fill(right);
    await expect(create).toBeEnabled();
    for (const [label, value, words] of wrong) {
      await pools.field(label).fill(value);
      await expect(pools.dialog().getByText(words, { exact: true }), `${label} ${value}`).toBeVisible();
      await expect(pools.field(label)).toHaveAttribute('aria-invalid', 'true');
      await expect(create).toBeDisabled();
      await pools.field(label).fill(right[label]!);
      await expect(pools.dialog().getByText(words, { exact: true })).toHaveCount(0);
    }
    await expect(create).toBeEnabled();
  });

  test('the new pool is shown, gets its ready machine and says so in words', async () => {
    await pools.press('Create pool');
    await expect(app.page.getByRole('heading', { name: 'Second' })).toBeVisible();
    poolId = (await app.invoke('pools.list', {})).find((pool) => pool.displayName === 'Second')!.id;
    expect(app.page.url()).toContain(`#/pools/${poolId}`);
    await pools.ready(1);
    const pool = (await app.invoke('pools.list', {})).find((each) => each.id === poolId)!;
    expect(pool).toMatchObject({
      description: 'Labels and lists',
      size: { cpus: 1, memoryMiB: 1024, width: 1280, height: 800 },
      warm: { minimum: 1, maximum: 3 },
      idle: { policy: 'release', afterSeconds: 900 },
    });
    for (const words of ['Ready to hand out', 'Warm as wanted', 'The backend answers', 'The image is there']) {
      await expect(pools.conditions().getByText(words)).toBeVisible();
    }
    await expect(pools.item('Second')).toContainText('Works');
    const [machineId = ''] = await readyIds();
    expect(await containerOf(machineId)).not.toBe('');
  });

  test('more and fewer kept warm is followed at once', async () => {
    await pools.edit({ 'Kept warm': '2' });
    await pools.ready(2);
    await pools.edit({ 'Kept warm': '1' });
    await pools.ready(1);
  });

  test('another screen replaces the warm machine, and the agent finds it so', async () => {
    const before = await readyIds();
    await pools.edit({ 'Screen width': '1024', 'Screen height': '768' });
    await expect
      .poll(async () => (await readyIds()).filter((id) => !before.includes(id)).length, { timeout: 40_000 })
      .toBe(1);
    await pools.ready(1);
    const agent = await agentOf(poolId);
    const { sessionId } = (await agent.must('start_session', { name: 'Small screen' })).structured;
    expect((await agent.must('get_screen_size')).structured).toMatchObject({ width: 1024, height: 768 });
    await expect(pools.rows().filter({ hasText: 'Leased' }).getByRole('link', { name: 'Small screen' })).toBeVisible();
    // A session keeps the screen that it got, and is shown in its proportions, when the pool asks for another.
    await pools.edit({ 'Screen width': '1280', 'Screen height': '800' });
    const view = new SessionPage(app.page);
    await view.open(String(sessionId));
    const { width, height } = (await view.screen().boundingBox())!;
    expect(width / height).toBeCloseTo(1024 / 768, 1);
    await view.says('1024 × 768');
    await pools.open(poolId);
    await agent.must('end_session', { sessionId });
    await expect(pools.counts().getByText('0 leased')).toBeVisible();
    await pools.ready(1);
  });

  test('a paused pool hands out nothing, and its agent reads why', async () => {
    const agent = await agentOf(poolId);
    await ask('Pause').click();
    await expect(pools.item('Second')).toContainText('Paused: hands out nothing');
    await expect(pools.conditions().getByText('Paused: hands out nothing').first()).toBeVisible();
    const refused = await agent.call('start_session');
    expect(refused).toMatchObject({ isError: true, structured: { code: 'pool_paused' } });
    expect(refused.text).toMatch(/paused/i);
    expect(await agent.call('take_screenshot')).toMatchObject({ isError: true, structured: { code: 'pool_paused' } });
    expect((await app.invoke('sessions.list', { live: true, limit: 10 })).data).toEqual([]);
  });

  test('it goes on when told to', async () => {
    await ask('Go on').click();
    await expect(pools.item('Second')).toContainText('Works');
    await pools.ready(1);
    const agent = agents.at(-1)!;
    await agent.must('start_session', { name: 'After the pause' });
    await agent.must('end_session');
    await pools.ready(1);
  });

  test('a machine that is destroyed from the list is gone and replaced', async () => {
    const [machineId = ''] = await readyIds();
    await pools
      .row(machineId)
      .getByRole('button', { name: `Destroy ${machineId}…` })
      .click();
    await expect(pools.dialog()).toContainText(`Destroy ${machineId}?`);
    await expect(pools.dialog()).toContainText('No session is on it.');
    await pools.press(`Destroy ${machineId}`);
    await expect.poll(() => containerOf(machineId), { timeout: 20_000 }).toBe('');
    await expect(pools.row(machineId)).toHaveCount(0);
    await pools.ready(1);
    expect(await readyIds()).not.toContain(machineId);
  });

  test('to destroy a leased machine ends its session, as the dialog says', async () => {
    const agent = agents.at(-1)!;
    const { sessionId } = (await agent.must('start_session', { name: 'To be ended' })).structured;
    const { machineId } = await app.invoke('sessions.get', { sessionId: String(sessionId) });
    await pools
      .row(machineId!)
      .getByRole('button', { name: /^Destroy/ })
      .click();
    await expect(pools.dialog()).toContainText('The session on it ends');
    await pools.press(`Destroy ${machineId}`);
    await expect.poll(() => containerOf(machineId!), { timeout: 20_000 }).toBe('');
    expect((await app.invoke('sessions.get', { sessionId: String(sessionId) })).status).toBe('released');
    await pools.ready(1);
  });

  test('a pool with a live session is not deleted unless forced', async () => {
    const agent = agents.at(-1)!;
    await agent.must('start_session', { name: 'Still at work' });
    const refused = await app.page.evaluate(
      (id) => window.wheelhouse!.invoke('pools.delete', { id, force: false }).catch((error: unknown) => error),
      poolId,
    );
    expect(refused).toMatchObject({ error: { code: 'conflict', message: expect.stringContaining('Second') } });
    expect((await agent.must('get_session')).text).toContain('Still at work');
  });

  test('delete names the pool and what goes with it, and means it', async () => {
    const agent = agents.at(-1)!;
    const machines = await app.invoke('pools.machines', { id: poolId });
    const erase = async () => {
      await app.page.getByRole('button', { name: 'More' }).click();
      await app.page.getByRole('menuitem', { name: 'Delete Second…' }).click();
      await expect(pools.dialog()).toContainText('Delete Second?');
      await expect(pools.dialog()).toContainText('1 session ends');
    };
    await erase();
    await expect(pools.dialog().getByRole('button', { name: 'Keep it' })).toBeFocused();
    await app.page.keyboard.press('Enter');
    await expect(pools.dialog()).toHaveCount(0);
    await expect(pools.item('Second')).toBeVisible();
    await erase();
    await pools.press('Delete Second');
    await expect(pools.item('Second')).toHaveCount(0);
    await expect(app.page.getByRole('heading', { name: 'Desktop' })).toBeVisible();
    for (const { machineId } of machines) await expect.poll(() => containerOf(machineId), { timeout: 20_000 }).toBe('');
    const after = await agent.call('take_screenshot');
    expect(after.isError).toBe(true);
    expect(after.text).toMatch(/pool/i);
    await pools.open(poolId);
    await expect(app.page.getByText('This pool is not there')).toBeVisible();
  });
});
