import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ControlRequest, ControlState } from '../../src-shared/control';
import type { ErrorBody } from '../../src-shared/errors';
import type { TestApp } from './app';
import { root } from './runtime';

const run = promisify(execFile);

export interface Answer<T> {
  status: number;
  body: T;
}

/** Another person with a token of their own, somewhere else: everything they do goes over HTTP. */
export class TestOperator {
  private constructor(
    readonly name: string,
    private readonly url: string,
    private readonly secret: string,
  ) {}

  /** The token is made on the command line, as the owner of the computer would make it. */
  static async create(app: TestApp, name: string, role: 'operator' | 'admin'): Promise<TestOperator> {
    const command = ['token', 'create', '--data', app.dataDir, '--role', role, '--name', name];
    const { stdout } = await run(process.execPath, [join(root, 'bin', 'wheelhouse.mjs'), ...command], { cwd: root });
    return new TestOperator(name, await app.url(), stdout.trim());
  }

  async http<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: { authorization: `Bearer ${this.secret}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }

  control(sessionId: string, request: ControlRequest): Promise<Answer<ControlState & Partial<ErrorBody>>> {
    return this.http('POST', `/api/sessions/${sessionId}/control`, request);
  }

  async state(sessionId: string): Promise<ControlState> {
    return (await this.http<ControlState>('GET', `/api/sessions/${sessionId}/control`)).body;
  }

  /** The address of a screen for one connection. */
  async screen(sessionId: string, mode: 'view' | 'interactive'): Promise<string> {
    const { body } = await this.http<{ url: string }>('POST', `/api/sessions/${sessionId}/screen-tickets`, { mode });
    return body.url;
  }
}
