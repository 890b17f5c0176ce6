import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { TestApp } from '../harness/app';

/** What the window can't do, whatever script got into it. */
test.describe('the window’s walls', () => {
  let app: TestApp;
  const violations: string[] = [];

  test.beforeAll(async () => {
    app = await TestApp.launch();
    app.page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) violations.push(message.text());
    });
  });
  test.afterAll(async () => app?.close());

  test('has no Node, no raw IPC and a frozen bridge of two functions', async () => {
    const seen = await app.page.evaluate(() => ({
      require: typeof (globalThis as Record<string, unknown>).require,
      process: typeof (globalThis as Record<string, unknown>).process,
      keys: Object.keys(window.wheelhouse ?? {}).sort(),
      frozen: Object.isFrozen(window.wheelhouse),
      ipc: JSON.stringify(Object.keys(globalThis)).includes('ipcRenderer'),
    }));
    expect(seen).toEqual({
      require: 'undefined',
      process: 'undefined',
      keys: ['invoke', 'on'],
      frozen: true,
      ipc: false,
    });
  });

  test('refuses requests and pushes that are not in the contract', async () => {
    const errors = await app.page.evaluate(async () => {
      const said: string[] = [];
      for (const name of ['shell.run', '__proto__', 'wheelhouse:invoke']) {
        await (window.wheelhouse!.invoke as (name: string, input: unknown) => Promise<unknown>)(name, {}).catch(
          (error: Error) => said.push(error.message),
        );
      }
      try {
        (window.wheelhouse!.on as (name: string, listener: () => void) => void)('anything', () => {});
      } catch (error) {
        said.push((error as Error).message);
      }
      return said;
    });
    expect(errors).toHaveLength(4);
  });

  test('gives failed requests their code across the bridge', async () => {
    const error = await app.page.evaluate(() =>
      window.wheelhouse!.invoke('sessions.get', { sessionId: 'no-such-session' }).catch((error: unknown) => error),
    );
    expect(error).toMatchObject({ error: { code: expect.stringMatching(/not_found|session_gone/) } });
  });

  test('runs the schema on every input', async () => {
    const error = await app.page.evaluate(() =>
      window
        .wheelhouse!.invoke('pools.delete', { id: '../../etc', force: 'yes' } as never)
        .catch((error: unknown) => error),
    );
    expect(error).toMatchObject({ error: { code: 'bad_request', details: expect.any(Array) } });
  });

  test('runs no inline script and no eval', async () => {
    const ran = await app.page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.__inline = true';
      document.body.append(script);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return Boolean((window as unknown as Record<string, unknown>).__inline);
    });
    expect(ran).toBe(false);
  });

  test('reaches nothing outside: no fetch, no image, no socket', async () => {
    const reached = await app.page.evaluate(async () => {
      const results: Record<string, string> = {};
      for (const url of ['http://127.0.0.1:1/', 'https://example.org/', 'file:///etc/passwd']) {
        results[url] = await fetch(url).then(
          () => 'reached',
          () => 'refused',
        );
      }
      results.socket = await new Promise((resolve) => {
        try {
          const socket = new WebSocket('ws://127.0.0.1:9/');
          const refused = () => resolve('refused');
          socket.onerror = refused;
          document.addEventListener('securitypolicyviolation', () => resolve('refused by policy'), { once: true });
          socket.onopen = () => resolve('reached');
        } catch {
          resolve('refused by policy');
        }
      });
      return results;
    });
    expect(Object.values(reached)).not.toContain('reached');
    expect(reached.socket).toBe('refused by policy');
  });

  test('can’t navigate away, open windows or get permissions', async () => {
    const before = app.page.url();
    await app.page.evaluate(() => void (window.location.href = 'https://example.org/'));
    await app.page.evaluate(() => void window.open('https://example.org/'));
    await app.page.waitForTimeout(300);
    expect(app.page.url()).toBe(before);
    expect(app.electron.windows()).toHaveLength(1);
    const permission = await app.page.evaluate(() =>
      navigator.mediaDevices?.getUserMedia({ audio: true }).then(
        () => 'granted',
        () => 'refused',
      ),
    );
    expect(permission).not.toBe('granted');
    expect(await app.page.evaluate(() => Notification.requestPermission())).toBe('denied');
  });

  test('serves nothing outside its folder', async () => {
    const answers = await app.page.evaluate(() =>
      Promise.all(
        [
          '/..%2f..%2fpackage.json',
          '/../../package.json',
          '/%2e%2e/%2e%2e/package.json',
          '/frames/zz.png',
          '/thumbs/..%2fx.jpg',
        ].map((path) => fetch(path).then((answer) => answer.status)),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([404]));
  });

  test('isolates and sandboxes its windows, and says when it can’t', async () => {
    const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
      const window = BrowserWindow.getAllWindows()[0]!;
      const web = window.webContents as unknown as { getLastWebPreferences(): Record<string, unknown> };
      return { ...web.getLastWebPreferences(), pid: window.webContents.getOSProcessId() };
    });
    expect(preferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webSecurity: true,
    });
    const info = await app.invoke('app.info', {});
    if (process.getuid?.() === 0) {
      expect(info.sandboxed).toBe(false);
      expect(info.notices.join()).toMatch(/root/);
    } else {
      expect(readFileSync(`/proc/${preferences.pid}/status`, 'utf8')).toMatch(/Seccomp:\s*2/);
    }
  });

  test('no view breaks the policy', async () => {
    for (const path of ['/wall', '/pools', '/attention', '/first-run', '/gallery']) {
      await app.go(path);
      await app.page.waitForTimeout(200);
    }
    // The inline script and the socket above were ours, on purpose.
    expect(violations.filter((text) => /style/i.test(text))).toEqual([]);
  });
});
