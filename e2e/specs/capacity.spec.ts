import { expect, test } from '@playwright/test';
import { TestApp } from '../harness/app';
import { lookAtIt } from '../harness/pictures';
import { PoolsPage } from '../pages/poolsPage';

/** What all pools together may take of this computer, set and seen by a person. */
test.describe.configure({ mode: 'serial' });

test.describe('capacity', () => {
  let app: TestApp;
  let pools: PoolsPage;
  const card = () => app.page.getByRole('region', { name: 'This computer' });
  const limits = async () => {
    await card().getByRole('button', { name: 'Limits…' }).click();
    await expect(pools.dialog().getByRole('heading', { name: 'Limits of this computer' })).toBeVisible();
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

  test('the meters count what machines were promised', async () => {
    await expect(card()).toContainText('Machines');
    const capacity = await app.invoke('capacity.get', {});
    expect(capacity.taken).toMatchObject({ machines: 2, memoryMiB: 4096, cpus: 4 });
    await expect(card().getByText(/^2(, no limit| of \d+)$/)).toBeVisible();
    await lookAtIt(app, 'pools-capacity');
  });

  test('limits are checked as one types', async () => {
    await limits();
    const save = pools.dialog().getByRole('button', { name: 'Save', exact: true });
    for (const [label, value, words] of [
      ['Machines, at most', '0', 'At least 1'],
      ['Machines, at most', '1.5', 'A whole number is needed'],
      ['Memory, at most', 'much', 'A number is needed, or nothing for no limit'],
      ['Processors, at most', '0.1', 'At least 0.25'],
    ] as const) {
      await pools.field(label).fill(value);
      await expect(pools.dialog().getByText(words, { exact: true })).toBeVisible();
      await expect(save).toBeDisabled();
      await pools.field(label).fill('');
    }
    await pools.field('Machines, at most').fill('1');
    await expect(pools.dialog().getByText(/2 are taken/)).toBeVisible();
    await app.page.keyboard.press('Escape');
    await expect(pools.dialog()).toHaveCount(0);
  });

  test('what becomes of machines at a stop is chosen beside the limits, and kept', async () => {
    await limits();
    const stop = pools.dialog().getByRole('region', { name: 'When Wheelhouse stops' });
    await expect(stop).toContainText('While sessions live their machines run on');
    await stop.getByRole('button', { name: 'Go', exact: true }).click();
    await expect(stop).toContainText('All machines go.');
    await expect.poll(() => app.invoke('settings.get', {})).toEqual({ onStop: 'destroy' });
    await lookAtIt(app, 'pools-stop');
    await stop.getByRole('button', { name: 'Stay for their sessions' }).click();
    await expect.poll(() => app.invoke('settings.get', {})).toEqual({ onStop: null });
    await app.page.keyboard.press('Escape');
    await expect(pools.dialog()).toHaveCount(0);
  });

  test('a pool that wants more than the computer may give says so, and what to do', async () => {
    await limits();
    await pools.fill({ 'Machines, at most': '3', 'Memory, at most': '', 'Processors, at most': '' });
    await pools.press('Save');
    expect((await app.invoke('capacity.get', {})).limits).toEqual({ machines: 3, memoryMiB: null, cpus: null });
    await pools.edit({ 'Kept warm': '4' });
    await expect(pools.conditions().getByText('This computer’s limit is reached').first()).toBeVisible({
      timeout: 30_000,
    });
    await pools.ready(3);
    await expect(card()).toContainText('3 of 3');
    await expect(card()).toContainText('full');
    await expect(pools.item('Desktop')).toContainText('This computer’s limit is reached');
    await lookAtIt(app, 'pools-full');
    await limits();
    await lookAtIt(app, 'pools-limits');
    await app.page.keyboard.press('Escape');
  });

  test('raised, the missing machines are made', async () => {
    await limits();
    await pools.fill({ 'Machines, at most': '5' });
    await pools.press('Save');
    await pools.ready(4);
    await expect(pools.conditions().getByText('This computer’s limit is reached')).toHaveCount(0);
  });

  test('back to the defaults', async () => {
    await limits();
    await pools.dialog().getByRole('button', { name: 'Back to the defaults' }).click();
    await pools.press('Save');
    const { limits: now, defaults } = await app.invoke('capacity.get', {});
    expect(now).toEqual(defaults);
  });
});
