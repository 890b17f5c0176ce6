import { expect, test, type Locator } from '@playwright/test';
import type { TestAgent } from '../harness/agent';
import { TestApp } from '../harness/app';
import { SessionPage } from '../pages/sessionPage';

/** The record as people read it: what was done in words, where it landed in pictures, and all of it however long. */
test.describe.configure({ mode: 'serial' });

test.describe('the timeline', () => {
  let app: TestApp;
  let view: SessionPage;
  let agent: TestAgent;
  let id = '';

  const list = () => app.page.getByRole('region', { name: /^Actions/ });
  const row = (words: string | RegExp) => list().getByRole('button').filter({ hasText: words });
  const dialog = () => app.page.getByRole('dialog');
  /** The picture has arrived and is one. */
  const loaded = async (picture: Locator): Promise<{ width: number; height: number }> => {
    const size = () =>
      picture.evaluate((image: HTMLImageElement) => ({ width: image.naturalWidth, height: image.naturalHeight }));
    await expect.poll(async () => (await size()).width).toBeGreaterThan(0);
    return size();
  };
  /** How many different colours a few dozen places of a picture have: more than one for anything but a blank. */
  const colours = (picture: Locator) =>
    picture.evaluate((image: HTMLImageElement) => {
      const canvas = document.createElement('canvas');
      canvas.width = image.naturalWidth;
      canvas.height = image.naturalHeight;
      const context = canvas.getContext('2d')!;
      context.drawImage(image, 0, 0);
      const seen = new Set<string>();
      for (let x = 0; x < canvas.width; x += 4)
        for (let y = 0; y < canvas.height; y += 4) seen.add(context.getImageData(x, y, 1, 1).data.join());
      return seen.size;
    });

  test.beforeAll(async () => {
    app = await TestApp.launch();
    view = new SessionPage(app.page);
    agent = await app.agent('recorded');
    id = String((await agent.must('start_session', { name: 'Recorded' })).structured.sessionId);
    await view.open(id);
  });
  test.afterAll(async () => {
    await agent?.close();
    await app?.close();
  });

  test('each kind of action has its row, in words, with outcome and duration', async () => {
    await agent.must('launch_application', { path: '/usr/bin/xterm', args: ['-T', 'notes'] });
    await agent.must('activate_window', { title: 'notes' }).catch(() => undefined);
    await agent.must('click', { x: 640, y: 300 });
    await agent.must('type_text', { text: 'seq 200' });
    await agent.must('press_keys', { keys: ['enter'] });
    await agent.must('scroll', { x: 640, y: 300, deltaX: 0, deltaY: 3 });
    await agent.must('execute_shell_command', { command: 'exit 3' });
    await agent.call('click', { x: 99_999, y: 5 });
    for (const words of [
      /^\d\d:\d\dStarted xterm.*Done, /,
      /Clicked at 640, 300.*Done, /,
      /Typed .*Done, /,
      /Pressed .*Done, /,
      /Scrolled .*Done, /,
      /Ran .*exit 3.*Exit 3, /i,
    ]) {
      await expect(row(words).first()).toBeVisible();
    }
  });

  test('rows of the pointer carry the picture of where it landed', async () => {
    for (const words of ['Clicked at 640, 300', 'Scrolled']) {
      const picture = row(words).first().locator('img');
      const { width, height } = await loaded(picture);
      expect(width / height).toBeCloseTo(96 / 60, 1);
    }
    // A shell command landed nowhere on the screen.
    await expect(row(/exit 3/).locator('img')).toHaveCount(0);
  });

  test('a row opens: the frames before and after it differ, with the point marked on both', async () => {
    const before = await agent.must('take_screenshot');
    expect(before.png).not.toBeNull();
    await agent.must('click', { x: 640, y: 300 });
    await agent.must('type_text', { text: 'clear; ls -la /usr/bin\n' });
    const action = row(/Typed/).last();
    await action.click();
    await expect(dialog()).toBeVisible();
    const pictures = dialog().locator('figure img');
    await expect(pictures).toHaveCount(2);
    for (const picture of await pictures.all()) {
      expect(await loaded(picture)).toEqual({ width: 1280, height: 800 });
      expect(await colours(picture)).toBeGreaterThan(5);
    }
    const [first, second] = await pictures.evaluateAll((images) =>
      images.map((image) => (image as HTMLImageElement).src),
    );
    expect(first).not.toBe(second);
    await dialog().getByRole('button', { name: 'Close' }).click();
    await row('Clicked at 640, 300').last().click();
    const rings = await dialog()
      .locator('figure')
      .evaluateAll((figures) =>
        figures.map((figure) => {
          const image = figure.querySelector('img')!.getBoundingClientRect();
          const ring = [...figure.querySelectorAll('span')].at(-1)!.getBoundingClientRect();
          return [
            Math.round(((ring.left + ring.width / 2 - image.left) / image.width) * 1280),
            Math.round(((ring.top + ring.height / 2 - image.top) / image.height) * 800),
          ];
        }),
      );
    expect(rings).toHaveLength(2);
    for (const [x, y] of rings) {
      expect(Math.abs(x! - 640)).toBeLessThan(12);
      expect(Math.abs(y! - 300)).toBeLessThan(12);
    }
  });

  test('the arrows step through the record; Escape goes back to the row', async () => {
    const title = () => dialog().getByRole('heading').first().textContent();
    const at = await title();
    await app.page.keyboard.press('ArrowRight');
    await expect.poll(title).not.toBe(at);
    await app.page.keyboard.press('ArrowLeft');
    await expect.poll(title).toBe(at);
    await app.page.keyboard.press('Escape');
    await expect(dialog()).toHaveCount(0);
    await expect(row('Clicked at 640, 300').last()).toBeFocused();
  });

  test('looking again and again is one line', async () => {
    for (let n = 0; n < 5; n += 1) await agent.must('take_screenshot');
    const looks = row('Looked at the screen').last();
    await expect(looks).toContainText('5 times');
    await agent.must('take_screenshot');
    await expect(looks).toContainText('6 times');
    await agent.must('press_keys', { keys: ['escape'] });
    await agent.must('take_screenshot');
    await expect(row('Looked at the screen').last()).not.toContainText('times');
  });

  test('text from the guest and the agent is shown as text', async () => {
    await agent.call('execute_shell_command', { command: 'echo "<img src=x onerror=alert(1)> **bold**"' });
    await expect(row('<img src=x onerror=alert(1)>').first()).toBeVisible();
    await expect(list().locator('img[src="x"]')).toHaveCount(0);
  });

  test('with 300 actions it follows the newest, stays short in the page, and loads older ones on scroll', async () => {
    for (let n = 0; n < 300; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, (_, each) => agent.must('move_mouse', { x: 100 + n + each, y: 200 })),
      );
    await agent.must('move_mouse', { x: 400, y: 200 });
    await expect(row('400, 200').last()).toBeVisible();
    const atEnd = () => list().evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 30);
    await expect.poll(atEnd).toBe(true);
    expect(await list().locator('li').count()).toBeLessThan(60);
    // A window that is opened afresh has the newest page only.
    await app.page.reload();
    await app.page.waitForFunction(() => Boolean(window.wheelhouse));
    await view.open(id);
    await expect(row('400, 200').last()).toBeVisible();
    const height = () => list().evaluate((box) => box.scrollHeight);
    const before = await height();
    await list().evaluate((box) => (box.scrollTop = 0));
    await expect.poll(height).toBeGreaterThan(before);
    // On to the very first, page by page; what one reads stays where it is while older rows come in above.
    await expect
      .poll(
        async () => {
          await list().evaluate((box) => (box.scrollTop = 0));
          return row(/Started xterm/).count();
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0);
    expect(await list().locator('li').count()).toBeLessThan(60);
    // Order: each time is no earlier than the one above it.
    const times = await list()
      .locator('time')
      .evaluateAll((all) => all.map((each) => each.getAttribute('datetime')!));
    expect(times).toEqual(times.toSorted());
  });

  test('while one reads above, new actions do not move the page; Newest goes to them', async () => {
    const middle = () => list().evaluate((box) => (box.scrollTop = Math.round(box.scrollHeight / 2)));
    await middle();
    const newest = app.page.getByRole('button', { name: 'Newest' });
    await expect(newest).toBeVisible();
    const top = () =>
      list().evaluate((box) => {
        const edge = box.getBoundingClientRect().top;
        const first = [...box.querySelectorAll('li')].find((each) => each.getBoundingClientRect().bottom > edge);
        return [first?.textContent, Math.round((first?.getBoundingClientRect().top ?? 0) - edge)];
      });
    // The rows round the place are measured once; then it stands.
    let settled = await top();
    await expect
      .poll(async () => {
        const same = JSON.stringify(await top()) === JSON.stringify(settled);
        settled = await top();
        return same;
      })
      .toBe(true);
    await agent.must('move_mouse', { x: 777, y: 333 });
    await expect
      .poll(async () => JSON.stringify((await app.invoke('timeline.list', { sessionId: id, limit: 1 })).data))
      .toContain('777');
    expect(await top()).toEqual(settled);
    await newest.click();
    await expect(row('777, 333').last()).toBeVisible();
    await expect(newest).toHaveCount(0);
  });
});
