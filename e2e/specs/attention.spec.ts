import { userInfo } from 'node:os';
import { expect, test } from '@playwright/test';
import type { TestAgent, ToolAnswer } from '../harness/agent';
import { TestApp } from '../harness/app';
import { SessionPage } from '../pages/sessionPage';

/** Calls for a person: seen everywhere, worked through by keyboard, answered, taken, and ended by their deadline. */
test.describe.configure({ mode: 'serial' });

test.describe('attention', () => {
  let app: TestApp;
  let view: SessionPage;
  let first: { agent: TestAgent; id: string };
  let second: { agent: TestAgent; id: string };

  let asked: Promise<ToolAnswer>;

  const rail = () => app.page.getByRole('navigation', { name: 'Views' });
  const aside = () => app.page.getByRole('complementary', { name: 'Waits for you' });
  const items = () => app.page.locator('[data-call]');
  const current = () => app.page.locator('[data-call][aria-current=true]');
  const detail = () => app.page.getByRole('article');
  /** Asks without waiting for the answer; the test's end may cut it off. */
  const cry = (agent: TestAgent, why: string, urgency: string) =>
    void agent.call('request_human', { why, urgency }).catch(() => undefined);
  const waiting = (n: number) =>
    expect(
      rail().getByRole('link', { name: n === 0 ? 'Attention' : `Attention, ${n} waiting`, exact: true }),
    ).toBeVisible();

  const start = async (name: string) => {
    const agent = await app.agent(name);
    const { sessionId } = (await agent.must('start_session', { name })).structured;
    return { agent, id: String(sessionId) };
  };

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    first = await start('Orders');
    second = await start('Labels');
    await app.go('/wall');
  });
  test.afterAll(async () => {
    await first?.agent.close();
    await second?.agent.close();
    await app?.close();
  });

  test('a call is in the rail’s count, beside the wall, on its tile and in the list', async () => {
    await waiting(0);
    await expect(aside()).toContainText('Nothing waits for you now.');
    asked = first.agent.call('request_human', { why: 'Which of the two invoices is right?', urgency: 'later' });
    asked.catch(() => undefined);
    await waiting(1);
    await expect(aside().locator('a[href*="/attention/"]')).toHaveCount(1);
    await expect(aside()).toContainText('Orders');
    await expect(aside()).toContainText(/\d+:\d\d left/);
    await expect(
      app.page.getByRole('link', { name: /^Orders, Orders, Needs help, “Which of the two invoices/ }),
    ).toBeVisible();
    await app.page.getByRole('button', { name: /^Needs you/ }).click();
    await expect(app.page.getByRole('link', { name: /^Labels,/ })).toHaveCount(0);
    await aside().locator('a[href*="/attention/"]').click();
    await expect(detail()).toContainText('“Which of the two invoices is right?”');
    await expect(detail().getByRole('img', { name: 'The screen of Orders now' })).toBeVisible();
  });

  test('a second one ranks by urgency, then by age', async () => {
    const field = detail().getByRole('textbox', { name: 'Answer for the agent' });
    await field.fill('half an ans');
    cry(second.agent, 'A code is asked for.', 'now');
    await waiting(2);
    await expect(items()).toHaveCount(2);
    // Whoever writes to one agent does not find another under their hands.
    await expect(detail()).toContainText('Which of the two invoices');
    await expect(field).toHaveValue('half an ans');
    await field.fill('');
    await expect(items().nth(0)).toContainText('A code is asked for.');
    await expect(items().nth(1)).toContainText('Which of the two invoices');
    // Of one urgency the older stands first, whoever asked.
    cry(second.agent, 'And when you have time, a new label roll.', 'later');
    await expect(items()).toHaveCount(3);
    await expect(items().nth(1)).toContainText('Which of the two invoices');
    await expect(items().nth(2)).toContainText('a new label roll');
    await expect(app.page.getByRole('region', { name: 'Now' }).locator('[data-call]')).toHaveCount(1);
    await expect(app.page.getByRole('region', { name: 'When you can' }).locator('[data-call]')).toHaveCount(2);
  });

  test('J and K move, N goes round, Enter opens', async () => {
    await app.go('/wall');
    await app.page.getByRole('heading', { name: 'Wall' }).click();
    await app.page.keyboard.press('n');
    await expect(items()).toHaveCount(3);
    await expect(current()).toContainText('A code is asked for.');
    await app.page.keyboard.press('j');
    await expect(current()).toContainText('Which of the two invoices');
    await expect(detail()).toContainText('Which of the two invoices');
    await app.page.keyboard.press('j');
    await app.page.keyboard.press('j');
    await expect(current()).toContainText('a new label roll');
    await app.page.keyboard.press('n');
    await expect(current()).toContainText('A code is asked for.');
    await app.page.keyboard.press('n');
    await app.page.keyboard.press('n');
    await app.page.keyboard.press('k');
    await expect(current()).toContainText('Which of the two invoices');
    await app.page.keyboard.press('Enter');
    await expect(app.page.getByRole('heading', { name: 'Orders', exact: true })).toBeVisible();
    expect(app.page.url()).toContain(`#/session/${first.id}`);
    await view.says('Agent needs help');
    await view.says('“Which of the two invoices is right?”');
  });

  test('an answer in words reaches the agent, which goes on', async () => {
    await app.go('/attention');
    await items().filter({ hasText: 'Which of the two invoices' }).click();
    const field = detail().getByRole('textbox', { name: 'Answer for the agent' });
    await expect(detail().getByRole('button', { name: 'Send answer' })).toBeDisabled();
    await field.fill('The one of the 14th, j k n.');
    await field.press('Control+Enter');
    // Waiting goes on in the call itself, or in await_control once that has ended.
    const told = await asked;
    const answer = told.structured.state === 'answered' ? told : await first.agent.call('await_control');
    expect(answer.isError).toBe(false);
    expect(answer.text).toContain('“The one of the 14th, j k n.”');
    expect(answer.text).toContain(userInfo().username);
    expect(answer.text).toContain('You hold control.');
    await expect(items()).toHaveCount(2);
    await waiting(2);
  });

  test('Take control in the list lands in the session with the wheel', async () => {
    await items().filter({ hasText: 'A code is asked for.' }).click();
    await detail().getByRole('button', { name: 'Take control' }).click();
    await expect(app.page.getByRole('heading', { name: 'Labels', exact: true })).toBeVisible();
    await view.says('You have the wheel');
    await view.live();
    // Whoever comes, comes for all that this desktop asked.
    await waiting(0);
    const held = await second.agent.call('click', { x: 10, y: 10 });
    expect(held).toMatchObject({ isError: true, structured: { code: 'control_held', holder: userInfo().username } });
    await app.go('/attention');
    await expect(items().first()).toContainText('taken');
    await app.go(`/session/${second.id}`);
  });

  test('the hand-back resolves the call, and its note is the answer', async () => {
    const waits = second.agent.call('await_control', { timeoutMs: 20_000 });
    await view.handBackWith('The code is in. Labels are next.');
    const answer = await waits;
    expect(answer.text).toContain('The code is in. Labels are next.');
    expect(answer.text).toContain('You hold control.');
    await app.go('/attention');
    await expect(app.page.getByText('Nothing waits for you')).toBeVisible();
    await waiting(0);
  });

  test('a call that nobody came for ends at its deadline, for both sides', async () => {
    const asked = first.agent.call('request_human', { why: 'Is anybody there?', urgency: 'now', timeoutSeconds: 10 });
    await expect(items()).toHaveCount(1);
    await expect(items().first()).toContainText(/0:0\d left/);
    const answer = await asked;
    expect(answer.structured).toMatchObject({ state: 'expired', control: 'agent' });
    expect(answer.text).toContain('Nobody came before the deadline');
    await expect(app.page.getByText('Nothing waits for you')).toBeVisible();
    await waiting(0);
    // It is not forgotten: the session's record says that it was made and how it ended.
    await app.go(`/session/${first.id}`);
    const row = app.page.getByRole('region', { name: /^Actions/ }).getByRole('button', { name: /Is anybody there/ });
    await expect(row).toBeVisible();
    await expect(row).toContainText(/nobody came|expired/i);
  });

  test('a session that ends takes its calls with it', async () => {
    cry(second.agent, 'Last words', 'soon');
    await waiting(1);
    await app.invoke('sessions.release', { sessionId: second.id });
    await waiting(0);
  });
});
