import { expect, test } from '@playwright/test';
import { connectNew, connectOld, type StockClient } from '../harness/stockClients';
import { TestApp } from '../harness/app';
import { ConnectPage } from '../pages/connectPage';

/** From "Connect an agent" to its first call, as somebody does who has the product for a minute. */
test.describe.configure({ mode: 'serial' });

test.describe('connect an agent', () => {
  let app: TestApp;
  let connect: ConnectPage;
  let client: StockClient | null = null;
  let secret = '';
  let url = '';

  const clipboard = () => app.electron.evaluate(({ clipboard }) => clipboard.readText());
  /** What an agent gets: the bytes behind "Copy" of the token. */
  const copied = async (): Promise<string> => {
    await app.electron.evaluate(({ clipboard }) => clipboard.clear());
    await connect.button('Copy').nth(1).click();
    await expect.poll(clipboard).toMatch(/^whl_agent_/);
    return clipboard();
  };

  test.beforeAll(async () => {
    app = await TestApp.launch();
    connect = new ConnectPage(app.page);
    await app.go('/wall');
    url = `${await app.url()}/mcp`;
  });
  test.afterAll(async () => {
    await client?.close();
    await app?.close();
  });

  test('before there is a token nothing can be copied that lacks it', async () => {
    await connect.open();
    await expect(connect.field('Address')).toHaveValue(url);
    await expect(connect.button('Copy with token')).toBeDisabled();
    await connect.field('Name').fill('   ');
    await expect(connect.button('Make the token')).toBeDisabled();
  });

  test('the token is made on the spot, masked, and its lines hold address and placeholder', async () => {
    await connect.make('Clerk');
    await connect.lit(false, false, false);
    await expect(connect.light()).toContainText('Waiting for the first call');
    secret = await copied();
    expect(secret).toMatch(/^whl_agent_[\w-]{43}$/);
    await expect(connect.field('Token')).not.toHaveValue(secret);
    await connect.button('Show the token').click();
    await expect(connect.field('Token')).toHaveValue(secret);
    await connect.button('Hide the token').click();
    for (const tab of ['Claude Code', 'VS Code', 'Cursor', 'OpenAI Agents SDK', 'curl']) {
      await connect.dialog().getByRole('tab', { name: tab, exact: true }).click();
      const lines = (await connect.lines(tab).textContent()) ?? '';
      expect(lines).toContain(url);
      expect(lines).toContain('Bearer $WHEELHOUSE_TOKEN');
      expect(lines).not.toContain(secret);
      await connect.button('Copy with token').click();
      await expect.poll(clipboard).toBe(lines.replaceAll('$WHEELHOUSE_TOKEN', secret));
    }
    expect(await app.page.content()).not.toContain(secret);
  });

  test('a stock client of the 1.x line lights the three steps', async () => {
    const stranger = await fetch(url, { method: 'POST', headers: { authorization: 'Bearer whl_agent_nobody' } });
    expect(stranger.status).toBe(401);
    await connect.lit(false, false, false);
    client = await connectOld(url, secret, 'old-line');
    await client.tools();
    await connect.lit(true, true, false);
    const answer = await client.call('list_pools');
    expect(answer.isError).not.toBe(true);
    await connect.lit(true, true, true);
    await expect(connect.light()).toContainText('First call: list_pools');
    await expect(connect.light()).toContainText('old-line');
  });

  test('a test call from here says which tool answered', async () => {
    await connect.button('Send a test call').click();
    await expect(connect.light()).toContainText(/list_pools answered in \d+ ms/);
  });

  test('Withdraw token stops the agent at once, its session’s tools too', async () => {
    await client!.call('start_session', { name: 'Soon cut off' });
    expect((await client!.call('get_screen_size')).isError).not.toBe(true);
    await connect.button('Withdraw token').click();
    await expect(connect.button('Make the token')).toBeVisible();
    await expect(client!.call('get_screen_size')).rejects.toThrow(/401|unauthorized|withdrawn|token/i);
    await client!.close().catch(() => undefined);
    await expect(connectOld(url, secret)).rejects.toThrow();
    client = null;
    const tokens = await app.invoke('tokens.list', {});
    expect(tokens.map((token) => token.name)).not.toContain('Clerk');
  });

  test('a stock client of the 2.x line lights them too, in the era it likes best', async () => {
    await connect.make('Typist');
    secret = await copied();
    client = await connectNew(url, secret, 'new-line');
    await expect(connect.step('Token accepted', true)).toBeVisible();
    await connect.lit(true, true, false);
    expect((await client.tools()).length).toBeGreaterThan(15);
    const answer = await client.call('get_screen_size');
    expect(answer.isError).not.toBe(true);
    await connect.lit(true, true, true);
    await expect(connect.light()).toContainText('First call: get_screen_size');
    await expect(connect.light()).toContainText('new-line');
    await connect.button('Done').click();
    await expect(connect.dialog()).toHaveCount(0);
    // Its first call got it a desktop, under the token's name.
    await expect(app.page.getByRole('link', { name: /^Typist, new-line/ })).toBeVisible();
  });

  test('closing forgets the token; the test call of one withdrawn elsewhere says so', async () => {
    await connect.open();
    await expect(connect.button('Make the token')).toBeVisible();
    await connect.make('Second clerk');
    const tokens = await app.invoke('tokens.list', {});
    const { tokenId } = tokens.find((token) => token.name === 'Second clerk')!;
    await app.invoke('tokens.withdraw', { tokenId });
    await connect.button('Send a test call').click();
    await expect(connect.dialog().getByRole('alert')).toContainText(/token/i);
    await connect.button('Done').click();
  });
});
