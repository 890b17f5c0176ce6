import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { TestApp } from '../harness/app';
import type { TestAgent } from '../harness/agent';
import { lookAtIt } from '../harness/pictures';
import { HomesPage } from '../pages/homesPage';
import { PoolsPage } from '../pages/poolsPage';

/** What a session stored outlives it where its pool keeps homes: until it is acquired again, deleted or forgotten. */
test.describe.configure({ mode: 'serial' });

test.describe('homes', () => {
  let app: TestApp;
  let homes: HomesPage;
  let pools: PoolsPage;
  let agent: TestAgent;
  let folder = '';
  let kept = '';
  const list = () => app.invoke('homes.list', {});
  const stateOf = async (homeId: string) => (await list()).find((home) => home.homeId === homeId)?.state ?? 'none';

  test.beforeAll(async () => {
    test.setTimeout(120_000);
    app = await TestApp.launch();
    homes = new HomesPage(app.page);
    pools = new PoolsPage(app.page);
    folder = await mkdtemp(join(tmpdir(), 'wh-homes-'));
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('while there is none, the list says how homes come about', async () => {
    await homes.open();
    await expect(app.page.getByText('No homes yet')).toBeVisible();
    await lookAtIt(app, 'homes-empty');
  });

  test('a pool is told in its dialog to keep them', async () => {
    await pools.open('desktop');
    await app.page.getByRole('button', { name: 'Edit…' }).click();
    await pools.unfold('Homes');
    await pools.choose('When a session ends, its home', 'Stays');
    await pools.fill({ 'Quota of a home': '256', 'Goes when unused for': '7' });
    await pools.press('Save');
    expect((await app.invoke('pools.list', {}))[0]).toMatchObject({
      home: { policy: 'keep', quotaMiB: 256, expiresAfterDays: 7 },
    });
    await expect(app.page.getByText('Kept up to 7 days unused, 256 MB each')).toBeVisible();
    await expect(app.page.getByRole('region', { name: 'Homes' })).toContainText('None yet');
  });

  test('a home is in use while its session lives, and stays when the session ends', async () => {
    agent = await app.agent('keeper');
    const { sessionId } = (await agent.must('start_session', { name: 'Ledger' })).structured;
    await agent.shell('echo balance > ~/ledger.txt');
    kept = (await app.invoke('sessions.get', { sessionId: String(sessionId) })).home?.homeId ?? '';
    expect(kept).not.toBe('');
    await homes.open();
    await expect(homes.row(kept)).toContainText('In use');
    await expect(homes.row(kept)).toContainText('Ledger');
    await expect(homes.button(kept, 'Delete')).toBeDisabled();
    await agent.must('end_session', { sessionId });
    await expect.poll(() => stateOf(kept), { timeout: 30_000 }).toBe('kept');
    await expect(homes.row(kept)).toContainText('Kept');
    await expect(homes.row(kept)).toContainText(/in 7 d/);
    await expect(homes.row(kept)).toContainText('256 MB');
  });

  test('who had it gets it again by its id, as it was', async () => {
    const { sessionId } = (await agent.must('start_session', { name: 'Ledger, again', homeId: kept })).structured;
    expect(await agent.shell('cat ~/ledger.txt')).toBe('balance\n');
    await expect(homes.row(kept)).toContainText('Ledger, again');
    await agent.must('end_session', { sessionId });
    await expect.poll(() => stateOf(kept), { timeout: 30_000 }).toBe('kept');
  });

  test('another agent can’t have it', async () => {
    const stranger = await app.agent('stranger');
    try {
      const refused = await stranger.call('start_session', { name: 'Not mine', homeId: kept });
      expect(refused.isError).toBe(true);
    } finally {
      await stranger.close();
    }
    expect(await stateOf(kept)).toBe('kept');
  });

  test('it is in its pool’s list as well', async () => {
    await pools.open('desktop');
    const card = app.page.getByRole('region', { name: 'Homes' });
    await expect(card.locator('tbody tr').filter({ hasText: kept })).toBeVisible();
    await card.scrollIntoViewIfNeeded();
    await lookAtIt(app, 'pools-homes');
    await card.getByRole('link', { name: 'All homes' }).click();
    await expect(homes.row(kept)).toBeVisible();
    await lookAtIt(app, 'homes');
  });

  test('it is downloaded whole to where one says', async () => {
    const file = join(folder, 'home.tar');
    await app.electron.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, file);
    await homes.button(kept, 'Download').click();
    await expect.poll(() => readFile(file, 'latin1').catch(() => ''), { timeout: 30_000 }).toContain('balance\n');
    expect(await readFile(file, 'latin1')).toContain('ledger.txt');
  });

  test('deleted by name it is gone, and its files with it', async () => {
    await homes.button(kept, 'Delete').click();
    await expect(homes.dialog()).toContainText(`Delete ${kept}?`);
    await expect(homes.dialog().getByRole('button', { name: 'Keep it' })).toBeFocused();
    await app.page.keyboard.press('Escape');
    expect(await stateOf(kept)).toBe('kept');
    await homes.remove(kept);
    await expect.poll(() => stateOf(kept), { timeout: 30_000 }).toBe('none');
    await expect(homes.row(kept)).toHaveCount(0);
    const { sessionId } = (await agent.must('start_session', { name: 'Fresh', homeId: kept })).structured;
    expect(await agent.shell('cat ~/ledger.txt 2>/dev/null; true')).toBe('');
    await agent.must('end_session', { sessionId });
  });
});
