import { userInfo } from 'node:os';
import { expect, test } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { TestOperator } from '../harness/operator';
import { clickAt, everyClientMessage, keyPresses, RawViewer } from '../harness/rawRfb';
import { SessionPage } from '../pages/sessionPage';

/** Several people at one session: one holds the wheel, the others see who, ask, are given it, or are let past by rank. */
test.describe.configure({ mode: 'serial' });

test.describe('several operators', () => {
  let app: TestApp;
  let view: SessionPage;
  let agent: TestAgent;
  let berta: TestOperator;
  let admin: TestOperator;
  let id = '';
  const me = userInfo().username;
  const viewers: RawViewer[] = [];
  const bar = () => app.page.getByRole('group', { name: 'Control' });
  const press = (name: string) => bar().getByRole('button', { name, exact: true }).click();

  const watch = async (who: TestOperator, mode: 'view' | 'interactive'): Promise<RawViewer> => {
    const viewer = await RawViewer.greet(await who.screen(id, mode));
    viewer.answerFences();
    viewers.push(viewer);
    return viewer;
  };
  /** What the guest itself would tell of anything that got through: pointer, clipboard, keys in a terminal, screen. */
  const guest = async () => ({
    pointer: (await agent.must('get_cursor_position')).structured,
    clipboard: (await agent.must('clipboard_read')).structured,
    screen: (await agent.must('get_screen_size')).structured,
    typed: await app.guestFile(id, '/tmp/typed'),
    keymap: await agent.shell('setxkbmap -query 2>/dev/null; xset q 2>/dev/null | head -20; true'),
  });

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    agent = await app.agent('shared');
    id = String((await agent.must('start_session', { name: 'Shared' })).structured.sessionId);
    berta = await TestOperator.create(app, 'Berta', 'operator');
    admin = await TestOperator.create(app, 'Chief', 'admin');
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-e', 'cat > /tmp/typed'] });
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toBe('');
    await agent.must('click', { x: 640, y: 300 });
    await agent.must('clipboard_write', { text: 'what the agent put here' });
    await view.open(id);
  });
  test.afterAll(async () => {
    for (const viewer of viewers) viewer.close();
    await agent?.close();
    await app?.close();
  });

  test('an agent’s token is nobody’s place at the wheel', async () => {
    const { secret } = await app.invoke('tokens.create', { name: 'climber', poolId: 'desktop' });
    for (const path of [`/api/sessions/${id}/control`, `/api/sessions/${id}/screen-tickets`]) {
      const answer = await fetch(new URL(path, await app.url()), {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        body: JSON.stringify({ action: 'take' }),
      });
      expect(answer.status).toBe(403);
    }
  });

  test('a viewer without control changes nothing in the guest, whatever it sends', async () => {
    const before = await guest();
    const intrusion = Buffer.concat([keyPresses('echo broke in\n'), clickAt(100, 100)]);
    const others = everyClientMessage.filter(({ type }) => type !== 0 && type !== 2).map(({ bytes }) => bytes);
    for (const mode of ['view', 'interactive'] as const) {
      // First as a client that said which extensions it knows, so that the X server listens to all of it.
      const viewer = await watch(berta, mode);
      viewer.send(Buffer.from('0200000300000000' + 'fffffec8' + 'fffffec7', 'hex'), ...others, intrusion);
      // All at once too, and in pieces that cut messages in the middle.
      const flood = Buffer.concat([...others, intrusion]);
      for (let at = 0; at < flood.length; at += 7) viewer.send(flood.subarray(at, at + 7));
      // It answers a fence after all that came before it.
      const mark = Buffer.from('5afe5afe', 'hex');
      viewer.send(Buffer.concat([Buffer.from('f80000008000000104', 'hex'), mark]));
      await viewer.until((bytes) => bytes.includes(mark), 'the answer to the fence');
      expect(viewer.closed).toBeNull();
      // Then as one that breaks the rules: it is dropped, at once, and not listened to.
      const rude = await watch(berta, mode);
      for (const { bytes } of everyClientMessage) rude.send(bytes);
      for (let at = 0; at < flood.length; at += 7) rude.send(flood.subarray(at, at + 7));
      await expect.poll(() => rude.closed).toEqual({ code: 1011 });
    }
    expect(await guest()).toEqual(before);
    expect(await berta.state(id)).toMatchObject({ kind: 'agent', epoch: 1 });
    // The window saw nobody take anything, and its own screen goes on.
    await view.says('Agent is acting');
    await agent.must('type_text', { text: 'the agent still types\n' });
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toBe('the agent still types\n');
  });

  test('who holds it is named in the window, and the agent reads the same name', async () => {
    const viewer = await watch(berta, 'interactive');
    expect((await berta.control(id, { action: 'take' })).status).toBe(200);
    await view.says('Berta has the wheel');
    await expect(view.take()).toHaveCount(0);
    expect(await agent.call('click', { x: 1, y: 1 })).toMatchObject({
      isError: true,
      structured: { code: 'control_held', holder: 'Berta' },
    });
    viewer.send(clickAt(640, 300), keyPresses('hello from berta\n'));
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toContain('hello from berta\n');
    // The window’s keys stay outside meanwhile.
    await view.clickGuest(640, 300);
    await view.typeKeys('nobody asked the window\n');
    viewer.send(keyPresses('second line\n'));
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toContain('second line\n');
    expect(await app.guestFile(id, '/tmp/typed')).not.toContain('nobody');
    await app.go('/wall');
    await expect(app.page.getByRole('link', { name: /^Shared, shared, Berta, Berta has the wheel/ })).toBeVisible();
    await app.page.getByRole('button', { name: /^Others/ }).click();
    await expect(app.page.getByRole('link', { name: /^Shared,/ })).toBeVisible();
    await view.open(id);
  });

  test('the window asks, is kept waiting, asks again and is given it', async () => {
    await press('Ask for it');
    await view.says(`You asked for it, Berta sees that`);
    expect(await berta.state(id)).toMatchObject({ kind: 'human', holder: 'Berta', askedBy: me });
    expect((await berta.control(id, { action: 'keep' })).status).toBe(200);
    await view.says(/you only watch/);
    await press('Ask for it');
    await expect.poll(async () => (await berta.state(id)).askedBy).toBe(me);
    expect((await berta.control(id, { action: 'give' })).status).toBe(200);
    await view.says('You have the wheel');
    await expect.poll(async () => (await berta.state(id)).holder).toBe(me);
    // Her keys stop with her hold, in the same connection.
    const theirs = viewers.at(-1)!;
    theirs.send(keyPresses('berta again\n'));
    await view.clickGuest(640, 300);
    await view.typeKeys('mine now\n');
    await expect.poll(() => app.guestFile(id, '/tmp/typed')).toContain('mine now\n');
    expect(await app.guestFile(id, '/tmp/typed')).not.toContain('berta again');
  });

  test('the other one asks; the window keeps it, then gives it', async () => {
    const refused = await berta.control(id, { action: 'take' });
    expect(refused).toMatchObject({
      status: 409,
      body: { error: { code: 'control_held', additionalInfo: { holder: me } } },
    });
    // Insisting is for admins.
    expect((await berta.control(id, { action: 'take', force: true })).status).toBeGreaterThanOrEqual(403);
    expect((await berta.control(id, { action: 'request' })).status).toBe(200);
    await view.says('Berta asks for it');
    await press('Keep');
    await expect(bar()).not.toContainText('Berta asks for it');
    expect(await berta.state(id)).toMatchObject({ holder: me, askedBy: null });
    expect((await berta.control(id, { action: 'request' })).status).toBe(200);
    await press('Give to Berta');
    await view.says('Berta has the wheel');
    expect(await berta.state(id)).toMatchObject({ kind: 'human', holder: 'Berta' });
  });

  test('an admin takes it from whoever holds it, the window from another admin too', async () => {
    expect((await admin.control(id, { action: 'take' })).status).toBe(409);
    expect((await admin.control(id, { action: 'take', force: true })).status).toBe(200);
    await view.says('Chief has the wheel');
    await press('Take it (admin)');
    await view.says('You have the wheel');
    expect(await admin.state(id)).toMatchObject({ kind: 'human', holder: me });
    // A late release by somebody who lost it ends nobody’s hold.
    const late = await berta.control(id, { action: 'release' });
    expect(late.status).toBe(409);
    expect(await admin.state(id)).toMatchObject({ kind: 'human', holder: me });
  });

  test('the record names each of them, and the agent gets it back once', async () => {
    await view.handBackWith('All of us are done.');
    await view.says('Agent is acting');
    const next = await agent.must('take_screenshot');
    expect(next.text).toContain('All of us are done.');
    const timeline = app.page.getByRole('region', { name: /^Actions/ });
    for (const words of [
      'Berta took control',
      'Chief took control',
      'Berta asked You for control',
      'You asked Berta for control',
    ]) {
      await expect(timeline.getByText(words).first()).toBeVisible();
    }
  });
});
