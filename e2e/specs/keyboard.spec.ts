import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { SessionPage } from '../pages/sessionPage';

/** The main job without a mouse; and keys that are held down when hands change. */
test.describe.configure({ mode: 'serial' });

test.describe('by keyboard alone', () => {
  let app: TestApp;
  let view: SessionPage;
  let agent: TestAgent;
  let id = '';
  const typed = () => app.guestFile(id, '/tmp/typed');
  const press = (keys: string) => app.page.keyboard.press(keys);
  /** What has the keyboard, as a screen reader would name it. */
  const focused = () =>
    app.page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null;
      return element?.getAttribute('aria-label') ?? element?.textContent ?? element?.tagName ?? '';
    });
  /** Walks with Tab until the named control has the focus; fails when it can't be reached. */
  const tabTo = async (name: string) => {
    for (let step = 0; step < 40; step += 1) {
      if ((await focused()) === name) return;
      await press('Tab');
    }
    throw new Error(`${name} can't be reached by Tab; the focus is on ${await focused()}`);
  };
  /** The screen of the desktop has the keyboard. */
  const keysGoToGuest = () =>
    expect.poll(() => app.page.evaluate(() => document.activeElement?.tagName)).toBe('CANVAS');

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    agent = await app.agent('typist');
    id = String((await agent.must('start_session', { name: 'Letters' })).structured.sessionId);
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-e', 'stty -icanon; cat > /tmp/typed'] });
    await expect.poll(typed).toBe('');
    await agent.must('click', { x: 640, y: 300 });
    await app.go('/wall');
    await expect(app.page.getByRole('link', { name: /^Letters,/ })).toBeVisible();
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('Ctrl+K finds the session, Tab reaches Take control, Enter takes it', async () => {
    await press('Control+k');
    await expect(app.page.getByRole('combobox', { name: 'Search and commands' })).toBeFocused();
    await app.page.keyboard.type('lett');
    await press('Enter');
    await view.live();
    await expect(app.page.getByRole('dialog')).toHaveCount(0);
    await tabTo('Take control');
    await press('Enter');
    await view.says('You have the wheel');
  });

  test('keys go to the guest without a click, the app’s own shortcuts too', async () => {
    await keysGoToGuest();
    await view.says('Keys go to the desktop.');
    await view.typeKeys('Dear Sir,\n');
    await expect.poll(typed).toBe('Dear Sir,\n');
    await press('Control+k');
    await press('Tab');
    await expect(app.page.getByRole('dialog')).toHaveCount(0);
    await keysGoToGuest();
    // The terminal kept Tab as a character; Ctrl+K too, which `cat` shows as it is.
    await press('Enter');
    await expect.poll(typed).toBe('Dear Sir,\n\u000b\t\n');
  });

  test('Ctrl+Alt+Esc gives the keys back, to the button that ends the hold', async () => {
    await press('Control+Alt+Escape');
    await expect.poll(focused).toBe('Hand back');
    await view.says('Click the desktop to type on it.');
    await app.page.keyboard.type('nothing');
    expect(await typed()).toBe('Dear Sir,\n\u000b\t\n');
    // And nothing of the chord stays down there: a letter is a letter.
    await press('Shift+Tab');
    for (
      let step = 0;
      step < 40 && (await app.page.evaluate(() => document.activeElement?.tagName)) !== 'CANVAS';
      step += 1
    )
      await press('Tab');
    await keysGoToGuest();
    await view.typeKeys('plain\n');
    await expect.poll(typed).toBe('Dear Sir,\n\u000b\t\nplain\n');
    await press('Control+Alt+Escape');
    await expect.poll(focused).toBe('Hand back');
  });

  test('Enter opens the note, Ctrl+Enter hands back; the keyboard then stands on Take control', async () => {
    await press('Enter');
    await expect(app.page.getByRole('textbox', { name: 'Note for the agent' })).toBeFocused();
    await app.page.keyboard.type('Typed the greeting.');
    await press('Control+Enter');
    await view.says('Agent is acting');
    await expect.poll(focused).toBe('Take control');
    expect((await agent.must('take_screenshot')).text).toContain('Typed the greeting.');
    expect(await typed()).toBe('Dear Sir,\n\u000b\t\nplain\n');
  });

  test('Escape leaves the note without handing back, and the keys go on to the guest', async () => {
    await press('Enter');
    await view.says('You have the wheel');
    await keysGoToGuest();
    await press('Control+Alt+Escape');
    await press('Enter');
    await app.page.keyboard.type('half a note');
    await press('Escape');
    await expect(app.page.getByRole('dialog')).toHaveCount(0);
    await view.says('You have the wheel');
    await expect.poll(() => app.page.evaluate(() => document.activeElement !== document.body)).toBe(true);
  });

  test('keys held while handing back are not held for the agent', async () => {
    await agent.shell('rm -f /tmp/held; true').catch(() => '');
    await app.page.evaluate(() => document.querySelector<HTMLElement>('canvas:not([aria-hidden])')?.focus());
    await keysGoToGuest();
    await app.page.keyboard.down('Shift');
    await app.page.keyboard.down('A');
    await expect.poll(typed).toContain('plain\nA');
    // The hold is ended by the mouse's way, with both keys still down.
    await app.invoke('control.act', { sessionId: id, request: { action: 'release' } });
    await view.says('Agent is acting');
    await agent.must('take_screenshot');
    await agent.must('type_text', { text: 'lower case\n' });
    await expect.poll(typed).toMatch(/plain\nA+lower case\n$/);
    const after = await typed();
    await app.page.keyboard.up('A');
    await app.page.keyboard.up('Shift');
    await agent.must('type_text', { text: 'still lower\n' });
    await expect.poll(typed).toBe(`${after}still lower\n`);
  });

  test('a button held while the wheel goes back is let go, as the program under it sees', async () => {
    // The terminal reports every press (…M) and release (…m) of a button to what runs in it.
    const report = String.raw`stty raw -echo; printf "\033[?1000h\033[?1006h"; cat > /tmp/mouse`;
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-maximized', '-e', report] });
    await expect.poll(() => app.guestFile(id, '/tmp/mouse')).toBe('');
    await view.takeControl();
    const box = (await view.canvas().first().boundingBox())!;
    await app.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await app.page.mouse.down();
    await expect.poll(() => app.guestFile(id, '/tmp/mouse')).toMatch(/\[<0;\d+;\d+M$/);
    await app.invoke('control.act', { sessionId: id, request: { action: 'release' } });
    await view.says('Agent is acting');
    await expect.poll(() => app.guestFile(id, '/tmp/mouse')).toMatch(/\[<0;\d+;\d+m$/);
    const after = await app.guestFile(id, '/tmp/mouse');
    await app.page.mouse.up();
    await agent.must('take_screenshot');
    await agent.must('click', { x: 640, y: 400 });
    // One press and one release: the agent's own click, and nothing left over before it.
    const escape = String.fromCharCode(27);
    await expect
      .poll(async () => (await app.guestFile(id, '/tmp/mouse'))!.slice(after!.length).split(escape))
      .toEqual(['', expect.stringMatching(/^\[<0;\d+;\d+M$/), expect.stringMatching(/^\[<0;\d+;\d+m$/)]);
  });

  test('letters that no US keyboard has arrive as they are', async () => {
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-u8', '-e', 'cat > /tmp/letters'] });
    await expect.poll(() => app.guestFile(id, '/tmp/letters')).toBe('');
    await agent.must('wait_milliseconds', { ms: 500 });
    await view.takeControl();
    await view.clickGuest(640, 300);
    await keysGoToGuest();
    // What a keyboard of another country sends: the letter with the key it stands on.
    const session = await app.page.context().newCDPSession(app.page);
    const keys: [string, string][] = [
      ['é', 'Digit2'],
      ['ß', 'Minus'],
      ['ł', 'KeyL'],
      ['Я', 'KeyZ'],
      ['ж', 'Semicolon'],
      ['€', 'KeyE'],
      ['q', 'KeyA'],
    ];
    for (const [key, code] of keys) {
      await session.send('Input.dispatchKeyEvent', { type: 'keyDown', key, code, text: key });
      await session.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code });
    }
    await press('Enter');
    await expect.poll(() => app.guestFile(id, '/tmp/letters')).toBe('éßłЯж€q\n');
    await view.handBackWith('');
  });
});
