import { expect, test } from '@playwright/test';
import { TestApp } from '../harness/app';
import { containerOf, docker } from '../harness/docker';
import { lookAtIt } from '../harness/pictures';
import { PoolsPage } from '../pages/poolsPage';

/** A machine that failed is set aside, told apart, looked at and destroyed by a person; nobody gets it again. */
test.describe.configure({ mode: 'serial' });

test.describe('quarantined machines', () => {
  let app: TestApp;
  let pools: PoolsPage;
  let bad = '';
  const machine = async () =>
    (await app.invoke('pools.machines', { id: 'desktop' })).find(({ machineId }) => machineId === bad);
  const terminal = () => pools.dialog().getByRole('region', { name: 'Terminal' });
  const run = async (command: string) => {
    await terminal().getByRole('textbox', { name: 'Command' }).fill(command);
    await app.page.keyboard.press('Enter');
  };

  test.beforeAll(async () => {
    test.setTimeout(120_000);
    app = await TestApp.launch();
    pools = new PoolsPage(app.page);
    await pools.open('desktop');
    await pools.ready(2);
  });
  test.afterAll(async () => {
    await app?.close();
  });

  test('a machine in order can be looked at, and no command runs in it', async () => {
    const ready = (await app.invoke('pools.machines', { id: 'desktop' })).find(({ state }) => state === 'ready')!;
    await pools.look(ready.machineId);
    expect(app.page.url()).toContain(`#/pools/desktop/${ready.machineId}`);
    await expect(pools.dialog()).toContainText('Ready');
    await expect(terminal()).toHaveCount(0);
    await expect(pools.dialog().getByRole('button', { name: 'Keep for an hour' })).toHaveCount(0);
    await pools.dialog().getByRole('button', { name: 'Close' }).last().click();
    await expect(pools.dialog()).toHaveCount(0);
    bad = ready.machineId;
  });

  test('one that somebody pauses from outside is set aside as frozen, and replaced', async () => {
    await docker('pause', await containerOf(bad));
    await expect.poll(async () => (await machine())?.state, { timeout: 60_000 }).toBe('quarantined');
    expect(await machine()).toMatchObject({ trouble: 'frozen' });
    await expect(pools.row(bad)).toContainText('Quarantined');
    await expect(pools.row(bad)).toContainText('Frozen');
    await pools.ready(2);
    await expect(pools.item('Desktop')).toContainText('1 machine needs a look');
  });

  test('it waits in the attention queue, which leads to the look', async () => {
    await app.go('/attention');
    await app.page.getByRole('link', { name: 'Look at the machine' }).click();
    await expect(pools.dialog().getByRole('heading', { name: bad })).toBeVisible();
    await app.page.keyboard.press('Escape');
    await expect(pools.dialog()).toHaveCount(0);
    await expect(app.page.getByRole('heading', { name: 'Desktop' }).first()).toBeVisible();
  });

  test('the look says what is wrong; nothing runs while it stands still', async () => {
    await pools.conditions().getByRole('button', { name: 'Look at it…' }).click();
    await expect(pools.dialog().getByRole('heading', { name: bad })).toBeVisible();
    await expect(pools.dialog()).toContainText('Something outside Wheelhouse stopped its processors');
    await expect(pools.dialog()).toContainText('paused');
    await expect(terminal()).toContainText('nothing runs in it until');
    await lookAtIt(app, 'machine-frozen');
  });

  test('let go on by whoever stopped it, a command runs, its output is told as text, and the arrows recall it', async () => {
    await docker('unpause', await containerOf(bad));
    await expect(terminal().getByRole('textbox', { name: 'Command' })).toBeEnabled({ timeout: 30_000 });
    await run('echo "<b>one</b>"; id -un');
    await expect(terminal()).toContainText('<b>one</b>');
    await expect(terminal()).toContainText(/Exit 0/);
    await run('exit 3');
    await expect(terminal()).toContainText(/Exit 3/);
    const line = terminal().getByRole('textbox', { name: 'Command' });
    await expect(line).toBeEnabled();
    await line.press('ArrowUp');
    await expect(line).toHaveValue('exit 3');
    await line.press('ArrowUp');
    await expect(line).toHaveValue('echo "<b>one</b>"; id -un');
    await line.press('ArrowDown');
    await line.press('ArrowDown');
    await expect(line).toHaveValue('');
    expect((await machine())?.state).toBe('quarantined');
    await lookAtIt(app, 'machine-look');
  });

  test('kept for an hour on a person’s word', async () => {
    await pools.dialog().getByRole('button', { name: 'Keep for an hour' }).click();
    await expect
      .poll(async () => Date.parse((await machine())?.keptUntil ?? '') - Date.now(), { timeout: 15_000 })
      .toBeGreaterThan(55 * 60_000);
    await expect(pools.dialog()).toContainText(/Until \d\d:\d\d/);
  });

  test('destroyed by name from the look: the container is gone and so is the call for a look', async () => {
    await pools.dialog().getByRole('button', { name: 'Destroy…' }).click();
    await expect(pools.dialog()).toContainText(`Destroy ${bad}?`);
    await pools.press(`Destroy ${bad}`);
    await expect.poll(() => containerOf(bad), { timeout: 30_000 }).toBe('');
    await expect(pools.row(bad)).toHaveCount(0);
    await expect(pools.item('Desktop')).toContainText('Works');
    await expect(pools.item('Desktop')).not.toContainText('needs a look');
  });
});
