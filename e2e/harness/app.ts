import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { _electron, type ElectronApplication, type Page } from '@playwright/test';
import type { RequestInput, RequestName, RequestOutput } from '../../src-shared/ipc';
import { TestAgent } from './agent';
import { containerOf, docker, removeOurs } from './docker';
import { endOurs } from './qemu';
import { electronBinary, root, rootFlags } from './runtime';

export interface LaunchOptions {
  width?: number;
  height?: number;
  args?: string[];
  /** A folder of an earlier launch, to start on its data again; then it is not removed at the end. */
  dataDir?: string;
  env?: Record<string, string>;
}

/** The real app on a data folder of its own. Everything it made is gone after close(). */
export class TestApp {
  private constructor(
    readonly electron: ElectronApplication,
    readonly page: Page,
    readonly dataDir: string,
    private readonly keepData: boolean,
  ) {}

  static async launch(options: LaunchOptions = {}): Promise<TestApp> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'wh-e2e-')));
    const electron = await _electron.launch({
      executablePath: electronBinary(),
      cwd: root,
      args: [
        ...rootFlags(),
        root,
        '--data',
        dataDir,
        '--port',
        '0',
        '--size',
        `${options.width ?? 1440}x${options.height ?? 900}`,
        ...(options.args ?? []),
      ],
      env: { ...(process.env as Record<string, string>), WHEELHOUSE_HEADLESS: '1', ...options.env },
      timeout: 30_000,
    });
    // What the main process says is the only trace of a start that failed.
    electron.process().stderr?.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      if (!/dbus|gpu|GL |vaapi/i.test(text)) process.stderr.write(`[app] ${text}`);
    });
    const page = await electron.firstWindow();
    // The window has chosen its first view: whoever goes elsewhere from here on stays there.
    await page.waitForFunction(() => Boolean(window.wheelhouse) && window.location.hash.length > 1);
    return new TestApp(electron, page, dataDir, options.dataDir !== undefined);
  }

  invoke<N extends RequestName>(name: N, input: RequestInput<N>): Promise<RequestOutput<N>> {
    return this.page.evaluate(([name, input]) => window.wheelhouse!.invoke(name as never, input as never), [
      name,
      input,
    ] as const) as Promise<RequestOutput<N>>;
  }

  async url(): Promise<string> {
    return (await this.invoke('app.info', {})).url;
  }

  /** An agent with a token made through the window, as a person would make it. */
  async agent(name = 'test-agent', poolId = 'desktop'): Promise<TestAgent> {
    const { secret } = await this.invoke('tokens.create', { name: `${name}-${Date.now()}`, poolId });
    return TestAgent.connect(await this.url(), secret, name);
  }

  /** The container under a session, as the engine knows it. */
  async container(sessionId: string): Promise<string> {
    const { machineId } = await this.invoke('sessions.get', { sessionId });
    return containerOf(String(machineId));
  }

  /** A file in the session's machine, read by the engine and not by anything of ours; null while there is none. */
  async guestFile(sessionId: string, path: string): Promise<string | null> {
    return docker('exec', await this.container(sessionId), 'cat', path).then(
      (text) => text,
      () => null,
    );
  }

  async go(path: string): Promise<void> {
    await this.page.evaluate((path) => void (window.location.hash = path), path);
  }

  /** Ends the app as a crash does: at once, with nothing tidied. Its data and containers stay for the next launch. */
  async kill(): Promise<void> {
    const child = this.electron.process();
    const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  }

  async close(): Promise<void> {
    await this.electron.close().catch(() => this.electron.process().kill('SIGKILL'));
    if (this.keepData) return;
    await removeOurs(this.dataDir);
    await endOurs(this.dataDir);
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
