import { userInfo } from 'node:os';
import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { SessionPage } from '../pages/sessionPage';

/** The main job, on the real thing from end to end. */
test.describe.configure({ mode: 'serial' });

test.describe('an agent works, a person takes the wheel and hands it back', () => {
  let app: TestApp;
  let agent: TestAgent;
  let view: SessionPage;
  let sessionId: string;

  test.beforeAll(async () => {
    app = await TestApp.launch();
    agent = await app.agent('takeover');
    sessionId = String((await agent.must('start_session', { name: 'Takeover' })).structured.sessionId);
    view = new SessionPage(app.page);
    await view.open(sessionId);
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('the screen is live: what the agent does changes its pixels', async () => {
    const before = await view.pixels();
    await agent.must('launch_application', { path: '/usr/bin/xterm' });
    await expect.poll(() => view.pixels()).not.toBe(before);
    await agent.must('wait_milliseconds', { ms: 500 });
    const empty = await view.pixels();
    await agent.must('type_text', { text: 'echo live' });
    await expect.poll(() => view.pixels()).not.toBe(empty);
    await agent.must('press_keys', { keys: ['enter'] });
    await view.says('Agent is acting');
  });

  test('with control taken the agent’s click is refused, in the holder’s name', async () => {
    await view.takeControl();
    const refused = await agent.call('click', { x: 640, y: 400 });
    expect(refused.isError).toBe(true);
    expect(refused.structured).toMatchObject({
      code: 'control_held',
      holder: userInfo().username,
      tool: 'await_control',
    });
    expect(refused.text).toContain(userInfo().username);
    // Looking goes on.
    expect((await agent.must('take_screenshot')).png?.subarray(1, 4).toString()).toBe('PNG');
    await expect(app.page.getByText(/Agent tried/i).first()).toBeVisible();
  });

  test('a person’s typing arrives in the guest’s editor, as a file proves', async () => {
    // The editor was opened by the person too: from the terminal that is already there.
    await view.clickGuest(640, 300);
    await view.typeKeys('clear; cat > /tmp/typed.txt\n');
    await view.typeKeys('Hello from a Person, 42 + ~@#"\n');
    await app.page.keyboard.press('Control+d');
    await expect
      .poll(async () => (await app.guestFile(sessionId, '/tmp/typed.txt')) ?? '')
      .toBe('Hello from a Person, 42 + ~@#"\n');
  });

  test('what was typed is on record as a count, never as text', async () => {
    await expect(app.page.getByText(/typed \d+ characters/i).first()).toBeVisible();
    const page = await app.invoke('timeline.list', { sessionId, limit: 200 });
    expect(JSON.stringify(page)).not.toContain('Hello from a Person');
  });

  test('hand-back gives the agent the note, and it goes on', async () => {
    const waiting = agent.call('await_control', { timeoutMs: 20_000 });
    await view.handBackWith('I wrote a file. Go on.');
    const answer = await waiting;
    expect(answer.isError).toBe(false);
    expect(answer.text).toContain('I wrote a file. Go on.');
    expect(answer.text.toLowerCase()).toContain('stale');
    expect((await agent.call('click', { x: 640, y: 400 })).isError).toBe(false);
    expect(await agent.shell('cat /tmp/typed.txt')).toContain('Hello from a Person');
    await view.says('Agent is acting');
    await expect(app.page.getByText(/I wrote a file\. Go on\./).first()).toBeVisible();
  });

  test('an act planned before a hold is refused once, with the note, and does nothing', async () => {
    await view.takeControl();
    await view.handBackWith('I moved the window.');
    await view.says('Agent is acting');
    const blind = await agent.call('type_text', { text: 'touch /tmp/blind.txt\n' });
    expect(blind).toMatchObject({ isError: true, structured: { code: 'stale_epoch' } });
    expect(blind.text).toContain('I moved the window.');
    expect((await agent.call('click', { x: 640, y: 400 })).isError).toBe(false);
    expect(await agent.shell('ls /tmp/blind.txt 2>/dev/null; true')).toBe('');
  });

  test('a person’s keys do nothing without the wheel', async () => {
    const before = await agent.shell('ls /tmp/nobody.txt 2>/dev/null; true');
    expect(before).toBe('');
    await view.clickGuest(640, 300);
    await view.typeKeys('touch /tmp/nobody.txt\n');
    await agent.must('wait_milliseconds', { ms: 500 });
    expect(await agent.shell('ls /tmp/nobody.txt 2>/dev/null; true')).toBe('');
  });
});
